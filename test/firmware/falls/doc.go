// Package falls holds updates of the very image that is flashed against all that goes wrong with them: bundles that must
// be refused, firmware that does not come up or does not get well, and the plug pulled at any moment. Machines are those of
// test/firmware; commands are typed into the box's own rescue shell, and bundles lie on a stick. Only the firmware that
// must fall back has something in it that a box has not: program fault, beside limpid.
package falls
