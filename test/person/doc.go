// Package person is somebody in front of a browser at a node of the lab: a page is
// opened, buttons are pressed by what stands on them, fields are filled in by their
// names, and pictures are taken of what is seen, in all widths that the page is made for.
// What goes wrong fails the test. It owns the browser and its folder, and knows nothing of
// how the box came to be there: a program in a namespace, or a machine.
package person
