package main

// The wire as limpid sees it, for the introduction.
// Plain ASCII: it must hold on any terminal and in any log.
const wirePicture = `
                     +------------- limpid -------------+
                     |   TCP to port 80                 |
                     |    +--> gate --> proxy --+       |
  clients ---- eth0 -+----+------- br0 ---------+-------+- eth1 ---- servers
                     |    everything else, and all of   |
                     |    it when anything here fails   |
                     +----------------------------------+
`

// The part of the lab that the story uses.
const networkPicture = `
  c1 10.77.0.11 --+                               +-- s1 10.77.0.101, nginx
  c2 10.77.0.12 --+- switch - [limpid] - switch --+
  c4 10.78.0.2 -- router cr                       +-- router r1 -- s2 10.80.0.2
`

// introduce says in two sentences what is about to happen.
func (d *demo) introduce() {
	d.screen.title("limpid: a transparent HTTP proxy that is a piece of wire")
	d.screen.say("limpid will be put into the wire between clients and servers that know nothing of it, and carry their " +
		"web traffic so that neither end can tell. Then its proxy is killed under load, and no new connection may fail.")
	d.screen.picture(wirePicture)
}
