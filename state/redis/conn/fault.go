package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	goredis "github.com/redis/go-redis/v9"
)

// FaultKind says what is wrong between a client and Redis.
type FaultKind uint8

// The kinds of Fault; the zero FaultKind is none.
const (
	// Unreachable: no connection can be made.
	Unreachable FaultKind = iota + 1
	// Slow: there is a connection, and no answer in time.
	Slow
	// Refusing: Redis answers with an error.
	Refusing
	// NotRedis: something else answers there, or Redis behind the other URL scheme.
	NotRedis
)

func (k FaultKind) String() string {
	switch k {
	case Unreachable:
		return "does not answer"
	case Slow:
		return "does not answer in time"
	case Refusing:
		return "refuses"
	case NotRedis:
		return "is something else"
	}
	return ""
}

// Fault is why Redis cannot be relied on, for whoever is to mend it.
type Fault struct {
	Kind  FaultKind
	Found string // the error, in one line
	Do    string // what to do about it
}

// String is the fault in one line; empty for none.
func (f Fault) String() string {
	if f.Kind == 0 {
		return ""
	}
	return "Redis " + f.Kind.String() + ": " + f.Found
}

// FaultOf classifies an error of this package; nil is no fault.
func FaultOf(err error) Fault {
	if err == nil {
		return Fault{}
	}
	f := Fault{Found: strings.Join(strings.Fields(err.Error()), " ")}
	var reply goredis.Error
	var scheme *schemeError
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &scheme):
		f.Kind, f.Do = NotRedis, "write "+scheme.expected+":// in redis.url"
	case errors.As(err, &reply) && !Missing(err):
		f.Kind, f.Do = Refusing, refusalRemedy(reply.Error())
	case strings.Contains(f.Found, "invalid reply") || strings.Contains(f.Found, "can't parse"):
		f.Kind, f.Do = NotRedis, "see that redis.url names the address of a Redis"
	case errors.As(err, &op) && op.Op == "dial":
		f.Kind, f.Do = Unreachable, "see that Redis runs and that redis.url, the network and a firewall lead to it"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Kind, f.Do = Slow, "look at the load of Redis (redis-cli --latency, SLOWLOG GET) and at the network"
	default:
		f.Kind, f.Do = Unreachable, "see that Redis runs and that redis.url, the network and a firewall lead to it"
	}
	return f
}

// refusalRemedy is what to do about an error that Redis answered.
func refusalRemedy(reply string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(reply, "-"), " ")
	switch {
	case kind == "NOPERM" || strings.Contains(reply, "user executing the script can't"):
		return "give the user of redis.username the rule that docs/redis.md has under 'Who may do what' (ACL SETUSER): " + missingRule(reply)
	case kind == "NOAUTH" || kind == "WRONGPASS":
		return "correct redis.username and the content of redis.password_file"
	case kind == "READONLY":
		return "let redis.url lead to the master; this is a replica"
	case kind == "LOADING" || kind == "BUSY" || kind == "TRYAGAIN" || kind == "CLUSTERDOWN" || kind == "MASTERDOWN":
		return "wait until Redis has loaded, or see to its master"
	case kind == "OOM" || kind == "MISCONF":
		return "see to the memory and the disk of Redis"
	}
	return "see the log of Redis; talkgate needs version 6.2 or later"
}

// missingRule is the part of an ACL rule that a refusal asks for: of a command, or as
// luaRehearse names it.
func missingRule(reply string) string {
	if refusal, at, ok := strings.Cut(reply, "(at "); ok {
		command, name, _ := strings.Cut(strings.TrimSuffix(at, ")"), " ")
		if strings.Contains(refusal, "channel") {
			name = "the channel &" + name
		}
		return "it lacks +" + strings.ToLower(command) + " on " + name
	}
	if _, command, ok := strings.Cut(reply, "run the '"); ok {
		command, _, _ = strings.Cut(command, "'")
		return "it lacks +" + command
	}
	if strings.Contains(reply, "channel") {
		return "it lacks a channel (&…)"
	}
	return "it lacks a key (~…)"
}

// schemeError says that the server speaks TLS where the URL asks for none, or the
// reverse. It was tried: nobody is told to change a URL on a guess.
type schemeError struct {
	addr, expected string
	err            error
}

func (e *schemeError) Error() string {
	speaks := "speaks TLS"
	if e.expected == "redis" {
		speaks = "speaks without TLS"
	}
	return fmt.Sprintf("the server at %s %s, expected %s:// in the URL: %v", e.addr, speaks, e.expected, e.err)
}

// cutShort reports whether a peer ended a connection instead of answering.
func cutShort(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
