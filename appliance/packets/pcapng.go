package packets

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// Types of blocks (draft-ietf-opsawg-pcapng, 11.1), and what begins a section.
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockStatistics = 5
	blockPacket     = 6
	byteOrderMagic  = 0x1a2b3c4d
	linkEthernet    = 1
)

// Options of blocks, by the block that they are of (there, 4.1, 4.2 and 4.6).
const (
	optionEnd          = 0
	sectionOS          = 3
	sectionApplication = 4
	interfaceName      = 2
	interfaceAbout     = 3
	interfaceUnit      = 9 // of times: 10 to minus so many seconds
	statisticsReceived = 4
	statisticsDropped  = 5
)

// nanoseconds is what times are told in.
const nanoseconds = 9

// pcapng writes blocks of a section, little-endian. The first error stays.
type pcapng struct {
	to    *bufio.Writer
	block []byte // the one that is being made
	err   error
}

func newPcapng(w io.Writer) *pcapng { return &pcapng{to: bufio.NewWriterSize(w, 64<<10)} }

// begin begins a block; its length stands at its beginning too, and is known at its end.
func (p *pcapng) begin(kind uint32) {
	p.block = p.block[:0]
	p.u32(kind)
	p.u32(0)
}

func (p *pcapng) u16(n uint16) { p.block = binary.LittleEndian.AppendUint16(p.block, n) }
func (p *pcapng) u32(n uint32) { p.block = binary.LittleEndian.AppendUint32(p.block, n) }
func (p *pcapng) u64(n uint64) { p.block = binary.LittleEndian.AppendUint64(p.block, n) }

// time is one in nanoseconds, its upper half first.
func (p *pcapng) time(at time.Time) {
	n := uint64(at.UnixNano())
	p.u32(uint32(n >> 32))
	p.u32(uint32(n))
}

// bytes are filled up to a multiple of four.
func (p *pcapng) bytes(data []byte) {
	p.block = append(p.block, data...)
	for len(p.block)%4 != 0 {
		p.block = append(p.block, 0)
	}
}

func (p *pcapng) option(code uint16, value []byte) {
	p.u16(code)
	p.u16(uint16(len(value)))
	p.bytes(value)
}

func (p *pcapng) number(code uint16, n uint64) {
	p.option(code, binary.LittleEndian.AppendUint64(nil, n))
}

// end ends a block and writes it.
func (p *pcapng) end() error {
	length := uint32(len(p.block) + 4)
	binary.LittleEndian.PutUint32(p.block[4:], length)
	p.u32(length)
	if p.err == nil {
		_, p.err = p.to.Write(p.block)
	}
	return p.err
}

// section begins the file.
func (p *pcapng) section(application string) error {
	p.begin(blockSection)
	p.u32(byteOrderMagic)
	p.u16(1) // version 1.0
	p.u16(0)
	p.u64(1<<64 - 1) // its length is not known
	p.option(sectionOS, []byte("Linux"))
	p.option(sectionApplication, []byte(application))
	p.option(optionEnd, nil)
	return p.end()
}

// port tells of one more interface; they are numbered from 0.
func (p *pcapng) port(name, about string) error {
	p.begin(blockInterface)
	p.u16(linkEthernet)
	p.u16(0)
	p.u32(SnapLength)
	p.option(interfaceName, []byte(name))
	p.option(interfaceAbout, []byte(about))
	p.option(interfaceUnit, []byte{nanoseconds})
	p.option(optionEnd, nil)
	return p.end()
}

// packet writes a frame of an interface.
func (p *pcapng) packet(port int, fr frame) error {
	p.begin(blockPacket)
	p.u32(uint32(port))
	p.time(fr.at)
	p.u32(uint32(len(fr.data)))
	p.u32(uint32(fr.length))
	p.bytes(fr.data)
	return p.end()
}

// statistics tells how many frames an interface has given, and how many were dropped;
// nil: that is not known.
func (p *pcapng) statistics(port int, at time.Time, received uint64, dropped *uint64) error {
	p.begin(blockStatistics)
	p.u32(uint32(port))
	p.time(at)
	p.number(statisticsReceived, received)
	if dropped != nil {
		p.number(statisticsDropped, *dropped)
	}
	p.option(optionEnd, nil)
	return p.end()
}

func (p *pcapng) flush() error {
	if p.err == nil {
		p.err = p.to.Flush()
	}
	return p.err
}
