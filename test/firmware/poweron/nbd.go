package poweron

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// The NBD protocol, as far as QEMU speaks it to a server that offers nothing
// (github.com/NetworkBlockDevice/nbd, doc/proto.md): fixed newstyle negotiation,
// simple replies.
const (
	nbdMagic        = 0x4e42444d41474943 // "NBDMAGIC"
	nbdOption       = 0x49484156454f5054 // "IHAVEOPT"
	nbdOptionReply  = 0x3e889045565a9
	nbdRequest      = 0x25609513
	nbdReply        = 0x67446698
	optionGo        = 7
	optionAbort     = 2
	replyAck        = 1
	replyInfo       = 3
	replyUnknown    = 1<<31 | 1
	flagHasFlags    = 1
	flagReadOnly    = 2
	flagFlush       = 4
	commandRead     = 0
	commandWrite    = 1
	commandClose    = 2
	commandFlush    = 3
	errorIO         = 5
	errorPermission = 1
)

// Access is one request of the machine to its disk.
type Access struct {
	Write      bool
	At, Length int64 // bytes
}

// within says whether it touches bytes from start on.
func (a Access) within(start, size int64) bool { return a.At < start+size && a.At+a.Length > start }

// NBD serves a file as a disk. Watch is called before each access, which waits for
// it to return; an error becomes one of the disk.
type NBD struct {
	File     *os.File
	Size     int64
	ReadOnly bool
	Watch    func(Access) error
	Cache    *Cache // nil: what is written is safe at once
}

// Serve serves one client on a connection until it leaves.
func (n NBD) Serve(conn net.Conn) error {
	if err := n.negotiate(conn); err != nil {
		return err
	}
	var pending sync.WaitGroup
	defer pending.Wait()
	var answers sync.Mutex
	for {
		var head struct {
			Magic         uint32
			Flags, Type   uint16
			Handle, Start uint64
			Length        uint32
		}
		if err := binary.Read(conn, binary.BigEndian, &head); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("read NBD request: %w", err)
		}
		if head.Magic != nbdRequest || head.Type == commandClose {
			return nil
		}
		data := make([]byte, head.Length)
		if head.Type == commandWrite {
			if _, err := io.ReadFull(conn, data); err != nil {
				return fmt.Errorf("read NBD data: %w", err)
			}
		}
		// One that is held back does not hold the others.
		pending.Go(func() {
			code := n.do(head.Type, int64(head.Start), data)
			answers.Lock()
			defer answers.Unlock()
			answer := binary.BigEndian.AppendUint32(nil, nbdReply)
			answer = binary.BigEndian.AppendUint32(answer, code)
			answer = binary.BigEndian.AppendUint64(answer, head.Handle)
			if head.Type == commandRead && code == 0 {
				answer = append(answer, data...)
			}
			_, _ = conn.Write(answer) // the machine may be off
		})
	}
}

// do carries out a request.
func (n NBD) do(kind uint16, at int64, data []byte) (code uint32) {
	if kind == commandFlush {
		if n.Cache != nil {
			n.Cache.flush()
		}
		return 0
	}
	write := kind == commandWrite
	if n.Watch != nil {
		if err := n.Watch(Access{write, at, int64(len(data))}); err != nil {
			return errorIO
		}
	}
	var err error
	switch {
	case write && n.ReadOnly:
		return errorPermission
	case write:
		if n.Cache != nil {
			n.Cache.write(at, data)
		}
		_, err = n.File.WriteAt(data, at)
	default:
		_, err = n.File.ReadAt(data, at)
	}
	if err != nil {
		return errorIO
	}
	return 0
}

// negotiate gets to where requests begin.
func (n NBD) negotiate(conn net.Conn) error {
	hello := binary.BigEndian.AppendUint64(nil, nbdMagic)
	hello = binary.BigEndian.AppendUint64(hello, nbdOption)
	hello = binary.BigEndian.AppendUint16(hello, 1|2) // fixed newstyle, no zeroes
	if _, err := conn.Write(hello); err != nil {
		return fmt.Errorf("greet NBD client: %w", err)
	}
	var flags uint32
	if err := binary.Read(conn, binary.BigEndian, &flags); err != nil {
		return fmt.Errorf("read NBD client's flags: %w", err)
	}
	for {
		var option struct {
			Magic          uint64
			Number, Length uint32
		}
		if err := binary.Read(conn, binary.BigEndian, &option); err != nil {
			return fmt.Errorf("read NBD option: %w", err)
		}
		if _, err := io.CopyN(io.Discard, conn, int64(option.Length)); err != nil {
			return fmt.Errorf("read NBD option: %w", err)
		}
		answer := func(kind uint32, data []byte) error {
			b := binary.BigEndian.AppendUint64(nil, nbdOptionReply)
			b = binary.BigEndian.AppendUint32(b, option.Number)
			b = binary.BigEndian.AppendUint32(b, kind)
			b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
			_, err := conn.Write(append(b, data...))
			return err
		}
		switch option.Number {
		case optionGo:
			info := binary.BigEndian.AppendUint16(nil, 0) // NBD_INFO_EXPORT
			info = binary.BigEndian.AppendUint64(info, uint64(n.Size))
			info = binary.BigEndian.AppendUint16(info, n.flags())
			return errors.Join(answer(replyInfo, info), answer(replyAck, nil))
		case optionAbort:
			return errors.New("the NBD client gave up")
		}
		if err := answer(replyUnknown, nil); err != nil {
			return fmt.Errorf("answer NBD option: %w", err)
		}
	}
}

func (n NBD) flags() uint16 {
	flags := uint16(flagHasFlags | flagFlush)
	if n.ReadOnly {
		flags |= flagReadOnly
	}
	return flags
}
