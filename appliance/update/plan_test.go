package update

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"limpid/appliance/slots"
)

// planned makes a rig in which the next boot tries slot b.
func planned(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, newDisk(capacity, oldImage()))
	if _, err := r.disk.Change(func(s slots.State) (slots.State, error) {
		s.Order, s.Left[slots.B] = [2]slots.Slot{slots.B, slots.A}, 1
		return s, nil
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlannedRebootComesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := planned(t)
		first, second := time.Now().Add(time.Hour), time.Now().Add(3*time.Hour)
		for _, at := range []time.Time{first, second} {
			if err := r.PlanReboot(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if u := r.status(t); !u.RebootAt.Equal(at) {
				t.Errorf("planned for %v, want %v", u.RebootAt, at)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if r.reboot.Load() != 0 {
			t.Error("it took place at the time that was planned first")
		}
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		if u := r.status(t); r.reboot.Load() != 1 || !u.RebootAt.IsZero() || u.Problem != "" {
			t.Errorf("%d reboots, %+v", r.reboot.Load(), u)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestPlannedRebootIsCalledOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := planned(t)
		if err := r.PlanReboot(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := r.PlanReboot(t.Context(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if u := r.status(t); r.reboot.Load() != 0 || !u.RebootAt.IsZero() {
			t.Errorf("%d reboots, %+v", r.reboot.Load(), u)
		}
		// One that is still to come ends with the updater.
		if err := r.PlanReboot(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if r.reboot.Load() != 0 {
			t.Error("it took place after the end")
		}
	})
}

// What was to be tried may be gone when the time has come.
func TestPlannedRebootThatDoesNotTakePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := planned(t)
		if err := r.PlanReboot(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.disk.Change(func(s slots.State) (slots.State, error) {
			s.Order, s.Left[slots.B] = [2]slots.Slot{slots.A, slots.B}, 0
			return s, nil
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if u := r.status(t); r.reboot.Load() != 0 || !strings.Contains(u.Problem, "did not take place: reboot: there is nothing to try") {
			t.Errorf("%d reboots, %+v", r.reboot.Load(), u)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestPlanThatIsRefused(t *testing.T) {
	r := planned(t)
	for text, at := range map[string]time.Time{"that is past": time.Now().Add(-time.Second), "in the next 7 days": time.Now().Add(8 * 24 * time.Hour)} {
		if err := r.PlanReboot(t.Context(), at); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v", at, err)
		}
	}
	none := newRig(t, newDisk(capacity, oldImage()))
	if err := none.PlanReboot(t.Context(), time.Now().Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "nothing to try") {
		t.Error(err)
	}
}
