package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/port"
	"github.com/talkgate/talkgate/gateway/port/output"
	"github.com/talkgate/talkgate/gateway/port/squelch"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

// hotBoard is from how many °C a board will soon slow down.
const hotBoard = 80

// faults is what is wrong with a port, what keeps it from the air first, and what to do
// about each: what doctor says of a port that does not run.
func (r *Running) faults(board fleet.Board) []Finding {
	all := r.gateway.faultsBefore()
	fault := func(check, found, do string) { all = append(all, Finding{Check: check, Found: found, Do: do}) }
	r.mu.Lock()
	stalled := r.stalls(time.Now())
	r.mu.Unlock()
	if len(stalled) > 0 {
		fault("port", "stands still: "+strings.Join(stalled, ", "), "start it anew, unless its watchdog has in 20 seconds; the journal then says where it stood")
	}
	if s, ok := r.gateway.health.Latest(); ok {
		r.gateway.faultsOfStatus(s, fault)
	}
	for _, l := range LinesOf(r.hw) {
		if err := l.Missing(); err != nil {
			fault(l.name, err.Error(), PlugIn)
		}
	}
	if r.port.TalkLocked() {
		fault("DTMF", "talking is locked by DTMF", "dial *CODE3#, with a code of talk.dtmf.access_file")
	}
	return append(all, r.gateway.faultsOfBoard(board)...)
}

// faultsBefore are those that keep a port from starting.
func (g *Gateway) faultsBefore() []Finding {
	all := []Finding{}
	if missing := g.health.Missing(); missing != "" {
		all = append(all, Finding{Check: "lines and cards", Found: missing, Do: PlugIn})
	}
	if c := g.health.clock; !c.Right() {
		all = append(all, Finding{Check: "clock", Found: c.Now().UTC().Format(time.RFC3339) + " cannot be", Do: SetClock})
	}
	return all
}

// faultsOfBoard are those that do not keep a port from the air, or not yet.
func (g *Gateway) faultsOfBoard(board fleet.Board) (all []Finding) {
	fault := func(check, found, do string) { all = append(all, Finding{Check: check, Found: found, Do: do}) }
	if a := g.applied(); a.Result == fleet.ResultRefused || a.Result == fleet.ResultRolledBack {
		fault("configuration", fmt.Sprintf("the fleet's document is %s: %s", a.Result, a.Error), "correct it and apply it again; 'talkgate fleet status' tells of all gateways")
	}
	if words := board.Throttled.Now(); len(words) > 0 {
		fault("board", strings.Join(words, ", "), "look at its supply and its cooling")
	}
	if c := board.Celsius; c != nil && *c >= hotBoard {
		fault("board", fmt.Sprintf("%.0f °C", *c), "cool it: it will slow down")
	}
	if g.display != nil && !g.display() {
		fault("display", "does not answer", "look at its plug, its supply and hardware.display; it is tried again every few seconds")
	}
	if found, do := g.link.Token().Finding(time.Now()); found != "" {
		fault("token", found, do)
	}
	return all
}

func (g *Gateway) faultsOfStatus(s port.Status, fault func(check, found, do string)) {
	user := g.cfg.Identity.UserID
	switch f := s.RedisFault; {
	case f.Kind != 0:
		fault("Redis", f.Kind.String()+": "+f.Found, f.Do)
	case !s.Redis:
		fault("Redis", "does not answer", ReachRedis)
	}
	if found, do := linkFinding(s.Link, user, s.Channel, newToken(g.cfg)); found != "" {
		fault("link", found, do)
	}
	switch {
	case !s.Redis || s.Channel == "" || s.Floor.Rights: // who does not know lets nobody be blamed
	case s.Floor.Bar == floor.Banned && s.Link != port.LinkBanned:
		fault("talk rights", user+" is banned", LiftBan(user))
	case s.Floor.Bar == floor.NoRights:
		fault("talk rights", fmt.Sprintf("%s may not talk on %s", user, s.Channel), GrantRights(user, s.Channel))
	}
	switch s.Key {
	case output.NotKeyed:
		fault("PTT-out", "the transmitter is told to transmit, and does not", output.KeyRemedy)
	case output.StuckKeyed:
		fault("PTT-out", "the transmitter transmits unasked", output.KeyRemedy)
	case output.NoKeyFault:
	}
	if s.Looped {
		fault("loop", squelch.LoopFound, squelch.LoopRemedy)
	}
	if s.Unguarded {
		fault("guard", Unguarded(s.Channel), StartGuard)
	}
	if s.Unheard != "" {
		fault("unheard", "the port talks, and "+port.UnheardWords(s.Unheard), "let go and press again; if it comes again, see the hub's log and the clocks of hub, Redis and servers")
	}
	if s.Floor.Phase == floor.Refused && s.Floor.Why == floor.TimedOut {
		fault("time-out", port.Why(s.Floor), "let go, and press again; if nobody presses, a button or a squelch sticks: see the lines")
	}
}

// linkFinding is what a link that is not up lacks; empty is nothing, or no more than a
// moment.
func linkFinding(f port.LinkFault, user, channel, newToken string) (found, do string) {
	switch f {
	case port.LinkLost:
		return "no connection to the channel server", ReachServer
	case port.LinkUnheard:
		return "the server takes no notice of what is said", "nothing, if it passes: the port connects anew"
	case port.LinkLimited:
		return "the server takes no more connections for a while", "nothing, if it passes; if it comes again, see what else connects from this address, and link.sharing"
	case port.LinkTokenRefused:
		return "the server refuses the token of " + user + " on " + channel, newToken
	case port.LinkTokenExpired:
		return "the token has expired", newToken
	case port.LinkBanned:
		return user + " is banned", LiftBan(user)
	case port.LinkDisconnected:
		return "a dispatcher has disconnected the port", "ask the dispatcher; the port tries again by itself"
	case port.LinkNoMember:
		return user + " may not join " + channel, "have the control plane let it join, and name the channel in the token"
	case port.NoChannel:
		return "the selector stands at no channel", "turn it to one; if it stands at one, see its lines"
	case port.NoFault, port.LinkStarting:
	}
	return "", ""
}
