// Package grub makes the boot program of the EFI system partition: GRUB 2 with
// grub.cfg beside this file packed into it, and the boot environment, the one
// sector in which the box and GRUB tell each other which slot to boot. It runs
// grub-mkimage and owns nothing on the disk. What the variables mean to a running
// box is decided in appliance/slots; what GRUB does with them is all in grub.cfg.
package grub
