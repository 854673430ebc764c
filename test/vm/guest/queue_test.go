package guest

import (
	"encoding/binary"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// From include/uapi/linux/netfilter/nfnetlink_queue.h, Linux 6.12.
const (
	nfqnlMsgConfig      = 2
	nfqaCfgCmd          = 1
	nfqnlCfgCmdBind     = 1
	nfqnlCfgCmdUnbind   = 2
	nfnlSubsysQueue     = 3
	nfgenmsgVersionZero = 0
)

func TestQueueSocketBinds(t *testing.T) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const queue = 7
	for _, step := range []struct {
		name    string
		command byte
	}{{"bind", nfqnlCfgCmdBind}, {"unbind", nfqnlCfgCmdUnbind}} {
		if _, err := conn.Execute(queueConfig(t, queue, step.command)); err != nil {
			t.Fatalf("%s queue %d: %v", step.name, queue, err)
		}
	}
}

// queueConfig is an NFQNL_MSG_CONFIG message with one command.
func queueConfig(t *testing.T, queue uint16, command byte) netlink.Message {
	t.Helper()
	attributes, err := netlink.MarshalAttributes([]netlink.Attribute{
		{Type: nfqaCfgCmd, Data: []byte{command, 0, 0, unix.AF_BRIDGE}},
	})
	if err != nil {
		t.Fatal(err)
	}
	header := binary.BigEndian.AppendUint16([]byte{unix.AF_UNSPEC, nfgenmsgVersionZero}, queue)
	return netlink.Message{
		Header: netlink.Header{
			Type:  nfnlSubsysQueue<<8 | nfqnlMsgConfig,
			Flags: netlink.Request | netlink.Acknowledge,
		},
		Data: append(header, attributes...),
	}
}
