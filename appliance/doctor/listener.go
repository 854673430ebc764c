package doctor

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Listener is a TCP socket that listens.
type Listener struct {
	Address netip.AddrPort
	Waiting int // connections that nobody has accepted yet
}

// stateListen is TCP_LISTEN as /proc/net/tcp has it (include/net/tcp_states.h).
const stateListen = "0A"

func readListeners() ([]Listener, error) {
	var all []Listener
	for _, path := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // IPv6 is not in this kernel
		}
		if err != nil {
			return nil, fmt.Errorf("list listening sockets: %w", err)
		}
		part, err := parseListeners(file)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, part...)
	}
	return all, nil
}

// parseListeners reads up to the first socket that does not listen: the kernel
// gives listening ones first (tcp_seek_last_pos in net/ipv4/tcp_ipv4.c), and what
// follows is as long as there are connections.
func parseListeners(r io.Reader) ([]Listener, error) {
	var list []Listener
	lines := bufio.NewScanner(r)
	for first := true; lines.Scan(); first = false {
		if first {
			continue // names of the columns
		}
		// sl, local_address, rem_address, st, tx_queue:rx_queue
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			return nil, fmt.Errorf("line %q has %d fields", lines.Text(), len(fields))
		}
		if fields[3] != stateListen {
			break
		}
		address, err := parseHexAddress(fields[1])
		if err != nil {
			return nil, err
		}
		_, queue, _ := strings.Cut(fields[4], ":")
		waiting, err := strconv.ParseUint(queue, 16, 32)
		if err != nil {
			return nil, fmt.Errorf("queue %q: %w", fields[4], err)
		}
		list = append(list, Listener{address, int(waiting)})
	}
	return list, lines.Err()
}

// parseHexAddress reads an address as 32-bit words in the machine's byte order, and a port.
func parseHexAddress(text string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(host)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %q: want 8 or 32 hexadecimal digits", text)
	}
	for word := b; len(word) > 0; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	a, _ := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port of %q: %w", text, err)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}
