package bridge

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ethFlagLRO is ETH_FLAG_LRO (include/uapi/linux/ethtool.h). GRO stays on: what it
// merges, segmentation takes apart again as it was.
const ethFlagLRO = 1 << 15

// ethtoolRequest is struct ifreq with a pointer in it. It is as long on 32-bit as
// on 64-bit machines, or longer.
type ethtoolRequest struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// ethtool issues SIOCETHTOOL with cmd, which begins with the command number.
func ethtool[T any](name string, cmd *T) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req := ethtoolRequest{data: unsafe.Pointer(cmd)}
	copy(req.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req)))
	if errno != 0 {
		return errno
	}
	return nil
}

// lro reads whether large receive offload is on. A driver without ethtool has none.
func lro(name string) bool {
	value := [2]uint32{unix.ETHTOOL_GFLAGS, 0}
	return ethtool(name, &value) == nil && value[1]&ethFlagLRO != 0
}

// disableLRO turns it off and reads it back. The kernel does so itself when a port
// joins a bridge (dev_disable_lro in br_add_if), but only warns if the driver does
// not follow.
func disableLRO(name string) error {
	value := [2]uint32{unix.ETHTOOL_GFLAGS, 0}
	if err := ethtool(name, &value); err != nil {
		return ignoreUnsupported(err)
	}
	value = [2]uint32{unix.ETHTOOL_SFLAGS, value[1] &^ ethFlagLRO}
	if err := ethtool(name, &value); err != nil {
		return ignoreUnsupported(err)
	}
	if lro(name) {
		return fmt.Errorf("driver keeps it on: use another card for %s, merged frames cannot be forwarded", name)
	}
	return nil
}

func ignoreUnsupported(err error) error {
	if errors.Is(err, unix.EOPNOTSUPP) {
		return nil
	}
	return err
}

// speed reads what the link has negotiated, in Mbit/s; 0 is unknown. ETHTOOL_GSET
// is old but answered for every driver by translation (net/ethtool/ioctl.c).
func speed(name string) (mbps int, full bool) {
	var cmd [44]byte // struct ethtool_cmd
	binary.NativeEndian.PutUint32(cmd[:], unix.ETHTOOL_GSET)
	if ethtool(name, &cmd) != nil {
		return 0, false
	}
	v := uint32(binary.NativeEndian.Uint16(cmd[12:])) | uint32(binary.NativeEndian.Uint16(cmd[28:]))<<16
	if v == 1<<32-1 || v == 1<<16-1 { // SPEED_UNKNOWN
		return 0, false
	}
	return int(v), cmd[14] == 1 // DUPLEX_FULL
}
