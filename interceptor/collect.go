package interceptor

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// collectEvery is how often the kernel takes what has timed out or was deleted out of the
// flow sets; by itself it does so once a second. Until then such elements take room, and
// where a client's ports come back soon several of one key gather: the kernel then lays the
// whole set out anew, again and again (lib/rhashtable.c, RHT_ELASTICITY), which was a tenth
// of what a new connection costs the box. More often costs more where nothing happens: each
// collection looks at every element.
const collectEvery = 250 * time.Millisecond

// collectTimeout is far longer than the kernel takes to answer.
const collectTimeout = 5 * time.Second

// collectOften tells the kernel of collectEvery, on the socket that owns the table. It is
// a change of sets that are there, in a batch of its own, since google/nftables has no field
// for it; kernels before 6.2 take it and change nothing (nf_tables_api.c, nf_tables_newset).
func collectOften(owner *netlink.Conn, table *nftables.Table, sets []set) error {
	batch := []netlink.Message{batchEdge(unix.NFNL_MSG_BATCH_BEGIN)}
	for _, s := range sets {
		if !s.dynamic {
			continue
		}
		described, err := s.nft(table)
		if err != nil {
			return err
		}
		m, err := collectMessage(described)
		if err != nil {
			return err
		}
		batch = append(batch, m)
	}
	batch = append(batch, batchEdge(unix.NFNL_MSG_BATCH_END))
	if _, err := owner.SendMessages(batch); err != nil {
		return fmt.Errorf("set collection interval: %w", err)
	}
	err := owner.SetReadDeadline(time.Now().Add(collectTimeout))
	for range batch[2:] { // each of the others is acknowledged, or refused
		if _, refused := owner.Receive(); err == nil {
			err = refused
		}
	}
	if err = errors.Join(err, owner.SetReadDeadline(time.Time{})); err != nil {
		return fmt.Errorf("set collection interval: %w", err)
	}
	return nil
}

// collectMessage describes a set as it is, but for the interval: anything else would be
// another set of that name, and refused.
func collectMessage(s *nftables.Set) (netlink.Message, error) {
	flags := uint32(unix.NFT_SET_TIMEOUT | unix.NFT_SET_EVAL)
	e := netlink.NewAttributeEncoder()
	number := func(attribute uint16, n uint32) { e.Bytes(attribute, binaryutil.BigEndian.PutUint32(n)) }
	e.String(unix.NFTA_SET_TABLE, s.Table.Name)
	e.String(unix.NFTA_SET_NAME, s.Name)
	number(unix.NFTA_SET_ID, 1) // wanted, and used for none that is there
	number(unix.NFTA_SET_KEY_TYPE, s.KeyType.GetNFTMagic())
	number(unix.NFTA_SET_KEY_LEN, s.KeyType.Bytes)
	if s.IsMap {
		flags |= unix.NFT_SET_MAP
		number(unix.NFTA_SET_DATA_TYPE, s.DataType.GetNFTMagic())
		number(unix.NFTA_SET_DATA_LEN, s.DataType.Bytes)
	}
	number(unix.NFTA_SET_FLAGS, flags)
	e.Bytes(unix.NFTA_SET_TIMEOUT, binaryutil.BigEndian.PutUint64(uint64(s.Timeout.Milliseconds())))
	number(unix.NFTA_SET_GC_INTERVAL, uint32(collectEvery.Milliseconds()))
	e.Nested(unix.NFTA_SET_DESC, func(desc *netlink.AttributeEncoder) error {
		desc.Bytes(unix.NFTA_SET_DESC_SIZE, binaryutil.BigEndian.PutUint32(s.Size))
		return nil
	})
	attributes, err := e.Encode()
	if err != nil {
		return netlink.Message{}, fmt.Errorf("describe set %s: %w", s.Name, err)
	}
	return netlink.Message{
		Header: netlink.Header{
			Type:  unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWSET,
			Flags: netlink.Request | netlink.Acknowledge,
		},
		Data: append([]byte{byte(s.Table.Family), unix.NFNETLINK_V0, 0, 0}, attributes...),
	}, nil
}

// batchEdge begins or ends a batch (linux/netfilter/nfnetlink.h).
func batchEdge(kind netlink.HeaderType) netlink.Message {
	return netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request},
		Data:   append([]byte{0, unix.NFNETLINK_V0}, binaryutil.BigEndian.PutUint16(unix.NFNL_SUBSYS_NFTABLES)...),
	}
}
