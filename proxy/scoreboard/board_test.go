package scoreboard

import "testing"

func TestTwoMappingsShareCells(t *testing.T) {
	file, err := Create("test")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	writer.Add(Requests, 3)
	writer.Set(Ended, 7)
	writer.Beat(MaxLoops - 1)
	// What was counted must outlive the one who counted it.
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := reader.Get(Requests); got != 3 {
		t.Errorf("requests: %d, want 3", got)
	}
	if got := reader.Get(Ended); got != 7 {
		t.Errorf("ended: %d, want 7", got)
	}
	if got := reader.Beats(MaxLoops - 1); got != 1 {
		t.Errorf("beats: %d, want 1", got)
	}
}

func TestBoardCannotShrinkUnderAReader(t *testing.T) {
	file, err := Create("test")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(0); err == nil {
		t.Fatal("a holder could truncate the board: its readers would fault")
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	b := Local()
	if n := testing.AllocsPerRun(100, func() { b.Add(Requests, 1); b.Beat(0) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
