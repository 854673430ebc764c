package lease

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

// answerTime bounds the wait for one message. Asking again is the Machine's.
const answerTime = 2 * time.Second

// Interface is a Client on one network interface. It opens its packet socket
// (CAP_NET_RAW) for each question and closes it with the answer: in between,
// no frame of that interface is copied to this process.
type Interface struct{ Name string }

// Ask implements Client.
func (i Interface) Ask(ctx context.Context, q Question, held *Lease) (Lease, error) {
	options := []nclient4.ClientOpt{nclient4.WithTimeout(answerTime), nclient4.WithRetry(1)}
	if q == Renew && held.Server.IsValid() {
		// To the server alone, from the address we hold: by the kernel's own socket,
		// since a packet socket would send from 0.0.0.0, which no host takes but in a broadcast.
		options = append(options,
			nclient4.WithUnicast(&net.UDPAddr{IP: held.Address.Addr().AsSlice(), Port: nclient4.ClientPort}),
			nclient4.WithServerAddr(&net.UDPAddr{IP: held.Server.AsSlice(), Port: nclient4.ServerPort}))
	}
	client, err := nclient4.New(i.Name, options...)
	if err != nil {
		return Lease{}, fmt.Errorf("ask for an address on %s: %w", i.Name, err)
	}
	defer func() { _ = client.Close() }() // a socket that is only thrown away
	ack, err := i.exchange(ctx, client, q, held)
	if err != nil {
		return Lease{}, fmt.Errorf("ask for an address on %s: %w", i.Name, err)
	}
	if ack.MessageType() == dhcpv4.MessageTypeNak {
		return Lease{}, fmt.Errorf("ask for an address on %s: %w", i.Name, ErrRefused)
	}
	return leaseOf(ack)
}

func (i Interface) exchange(ctx context.Context, client *nclient4.Client, q Question, held *Lease) (*dhcpv4.DHCPv4, error) {
	if q == Seek {
		offer, err := client.DiscoverOffer(ctx, asked())
		if err != nil {
			return nil, err
		}
		request, err := dhcpv4.NewRequestFromOffer(offer, asked())
		if err != nil {
			return nil, fmt.Errorf("write DHCP request: %w", err)
		}
		return client.SendAndRead(ctx, client.RemoteAddr(), request, nclient4.IsAll(
			nclient4.IsCorrectServer(offer.ServerIdentifier()), nclient4.IsMessageType(dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak)))
	}
	request, err := dhcpv4.New(dhcpv4.WithHwAddr(client.InterfaceAddr()), dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest), asked())
	if err != nil {
		return nil, fmt.Errorf("write DHCP request: %w", err)
	}
	// RFC 2131 table 4: in RENEWING and REBINDING the address stands in ciaddr,
	// in INIT-REBOOT in an option; none of them names a server.
	if q == Reboot {
		request.UpdateOption(dhcpv4.OptRequestedIPAddress(held.Address.Addr().AsSlice()))
	} else {
		request.ClientIPAddr = held.Address.Addr().AsSlice()
	}
	return client.SendAndRead(ctx, client.RemoteAddr(), request, nclient4.IsMessageType(dhcpv4.MessageTypeAck, dhcpv4.MessageTypeNak))
}

// asked names what the box wants to know.
func asked() dhcpv4.Modifier {
	return dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionDomainNameServer, dhcpv4.OptionNTPServers,
		dhcpv4.OptionIPAddressLeaseTime, dhcpv4.OptionRenewTimeValue, dhcpv4.OptionRebindingTimeValue)
}
