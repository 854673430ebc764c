package flows

import "testing"

func TestMACsOfTheServerAreLearned(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.open(k)
		b.toClient(k.down(ack), clientMACs.answer())
		b.toServer(k.up(syn), clientMACs)
		b.toClient(k.down(ack), clientMACs.answer())
		b.fromServer(k.down(syn|ack), marks.FromServer)
		b.toClient(k.down(ack), serverMACs)
		b.fromServer(with(otherMACs, k.down(ack)), marks.FromServer)
		b.toClient(k.down(ack), serverMACs)
		b.fromServer(with(otherMACs, k.down(syn|ack)), marks.FromServer)
		b.toClient(k.down(ack), otherMACs)
		b.toServer(k.up(ack), clientMACs)
	})
}

func TestMACsOfWhateverTheServerSaysFirst(t *testing.T) {
	for _, flags := range []byte{rst, rst | ack, ack, fin | ack, syn} {
		inFamilies(t, specified(), func(b bench, k talk) {
			b.open(k)
			b.fromServer(k.down(flags), 0) // nobody has asked it
			b.toServer(k.up(syn), clientMACs)
			b.fromServer(k.down(flags), marks.FromServer)
			b.toClient(k.down(ack), serverMACs)
		})
	}
}

func TestMACsOfTheClientAreThoseOfItsSYN(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.open(k)
		b.fromClient(with(otherMACs, k.up(ack)), marks.FromClient)
		for _, flags := range []byte{syn, ack, psh | ack, fin | ack, rst} {
			b.toServer(k.up(flags), clientMACs)
		}
		second := k.from(40001)
		b.fromClient(with(otherMACs, second.up(syn)), marks.Asked)
		b.toServer(second.up(syn), otherMACs)
		b.toServer(k.up(ack), clientMACs)
	})
}

// The way out is the same in every VLAN: the bridge puts the tag on.
func TestMACsInVLANs(t *testing.T) {
	inFamilies(t, specified(), func(b bench, k talk) {
		b.open(k)
		b.written("to_client", marks.ToClient|inVLAN5, k.down(ack), clientMACs.answer())
		b.written("to_server", marks.ToServer|inVLAN5, k.up(ack), clientMACs)
		b.bridged(marks.Asked|inVLAN5, k.up(syn))
		b.remembered(0)
	})
}

func TestMACsOfOthersStay(t *testing.T) {
	b := newBench(t, specified())
	strange := []uint32{
		0, 1, 5, 0x4c500001, marks.FromClient, marks.FromServer, 0x4c500006, 0x4c50000a,
		marks.ToClient ^ 0x80000000, marks.ToServer ^ 0x80000000, marks.ToClient ^ 0x00100000, marks.ToServer ^ 0x00100000,
	}
	for _, k := range talks {
		b.meet(k)
		before := *b.known(k)
		for _, mark := range strange {
			for _, flags := range []byte{syn, ack, fin | ack, rst} {
				b.marked("to_client", mark, k.down(flags), mark)
				b.marked("to_server", mark, k.up(flags), mark)
			}
		}
		b.marked("to_client", marks.Asked, k.down(syn), marks.Asked)
		b.marked("to_client", marks.Full, k.down(syn), marks.Full)
		if after := *b.known(k); after != before {
			t.Errorf("others' frames changed what is known:\n%+v\nwas %+v", after, before)
		}
	}
}
