package scoreboard

// Cell names one counter of a board.
type Cell int

// Cells of the gate's board.
const (
	SynSeen           Cell = iota // SYNs given to the gate (mirror)
	SynCaptured                   // verdict: capture; once more for one sent again after it
	SynDuplicate                  // retransmission of a pending SYN, dropped
	SynBridgedFull                // bridged: max_connections
	SynBridgedProxy               // bridged: proxy gone or not taking flows
	SynBridgedRefused             // bridged: the server refused or is unreachable
	SynBridgedSlow                // bridged: the server did not answer in time
	SynBridgedOther               // bridged: not understood, or out of resources
	Accepted                      // connections accepted on the TPROXY listeners
	HandedOver                    // flows put into the hand-over queue
	TakenBack                     // flows received back from it
	Carried                       // flows the gate carried as plain tunnels
	CarriedEnded                  // and that have ended
	UpstreamFailed                // upstream connects that failed at once
	GateGoroutines                // goroutines of the gate now
	gateCells
)

// Cells of the proxy's board.
const (
	Taken            Cell = iota // flows taken: from the hand-over queue, or off a listener; health checks too
	Ended                        // of those, flows that have ended
	Requests                     // request heads forwarded, health checks not counted
	Responses                    // final response heads forwarded
	Tunnels                      // flows that became tunnels because they are not plainly HTTP
	Resets                       // flows ended by a reset from either side
	BytesUp                      // bytes sent to servers
	BytesDown                    // bytes sent to clients
	CacheHits                    // responses from the cache
	CacheMisses                  // requests the cache had nothing for
	HealthTaken                  // flows among Taken that were health checks
	HealthEnded                  // and of those, ended
	UpstreamLost                 // flows whose upstream connection could not be made
	BytesFromClients             // bytes received from clients
	BytesFromServers             // bytes received from servers
	HeadTimeout                  // flows that were no longer HTTP because a head took too long
	BodyTimeout                  // flows ended because a body did not move
	IdleTimeout                  // flows ended because nothing happened on them
	Accepts                      // connections the proxy accepted itself, those too that it returned or lost
	Direct                       // flows among Taken that the proxy accepted itself
	LogDropped                   // access log records dropped because the log was slow or full
	LogRecords                   // access log records taken
	LogFileDropped               // of those, not written to a file
	LogSyslogDropped             // of those, not sent to the collector
	BytesFromCache               // of BytesDown, those that no server was asked for
	Goroutines                   // goroutines of the proxy now
	// TunnelBy is the first of TunnelReasons cells: flows that were not plainly
	// HTTP, by the number of the reason in package relay.
	TunnelBy
	// Those behind are reached by Transactions and by a Histogram.
	transactions = TunnelBy + TunnelReasons
	histograms   = transactions + Cell(Methods*Classes*Verdicts)
	proxyCells   = histograms + Cell(Histograms*histogramCells)
)

// TunnelReasons is how many reasons have a cell.
const TunnelReasons = 64

const (
	// maxCells leaves room for more counters without moving the heartbeats.
	maxCells = 1024
	// MaxLoops is how many event loops can show a heartbeat.
	MaxLoops = 64
	boardLen = (maxCells + MaxLoops) * 8
)

// The build fails here when a board outgrows its cells.
const _ = uint(maxCells - max(gateCells, proxyCells))
