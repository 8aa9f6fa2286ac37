// Copyright (c) 2026, The fortytwo.ft_services contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Package expr has this file in the place of its own expr/queue.go (go build -overlay): packets are queued by the iptables
// target NFQUEUE through nft_compat. Some kernels have that and not the expression "queue" of nftables.
package expr

import (
	"encoding/binary"

	"github.com/google/nftables/xt"
)

// QueueFlag is the flags of NFQUEUE, which are those of the expression.
type QueueFlag uint16

// QueueFlagBypass lets packets pass while nobody takes them from the queue.
const QueueFlagBypass QueueFlag = 1

// Queue sends packets to programs.
type Queue struct {
	Num   uint16
	Total uint16
	Flag  QueueFlag
}

// The kernel's struct xt_NFQ_info_v3, in the order of bytes of this machine.
func (e *Queue) target() *Target {
	total := e.Total
	if total == 0 {
		total = 1
	}
	info := xt.Unknown{}
	for _, number := range []uint16{e.Num, total, uint16(e.Flag)} {
		info = binary.NativeEndian.AppendUint16(info, number)
	}
	return &Target{Name: "NFQUEUE", Rev: 3, Info: &info}
}

func (e *Queue) marshal(fam byte) ([]byte, error) {
	return e.target().marshal(fam)
}

func (e *Queue) marshalData(fam byte) ([]byte, error) {
	return e.target().marshalData(fam)
}

// Rules are never read back as this type: the kernel calls them targets.
func (e *Queue) unmarshal(fam byte, data []byte) error {
	return (&Target{}).unmarshal(fam, data)
}
