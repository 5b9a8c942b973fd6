package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/talkgate/talkgate/gateway"
	"github.com/talkgate/talkgate/hal"
	"github.com/talkgate/talkgate/media"
	"github.com/talkgate/talkgate/media/jitter"
	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/floor"
)

// statusTime bounds a request, and the end of the server.
const statusTime = 5 * time.Second

// statusServer tells this machine, and no other, how its port does: /metrics for
// Prometheus, /status for everybody else.
type statusServer struct {
	listener net.Listener
	http     *http.Server
}

// listenStatus opens the address, which is host:port.
func listenStatus(address string, gauges *gauges, log *slog.Logger) (*statusServer, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("status.listen: %q cannot be served on, free it or choose another: %w", address, err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registerPort(registry, gauges)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(portStatusOf(r.Context(), gauges)) // who has gone does not hear it
	})
	log.Info("status is served", "address", l.Addr().String())
	return &statusServer{l, &http.Server{
		Handler: mux, ReadTimeout: statusTime, WriteTimeout: statusTime, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// run serves until ctx ends. A port goes on without its status.
func (s *statusServer) run(ctx context.Context, log *slog.Logger) {
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() }) // nobody waits for the last answer
	defer stop()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Warn("status is not served any more", "err", err)
	}
}

// portStatus is a port at an instant, for /status.
type portStatus struct {
	Channel    string               `json:"channel"`
	UserID     string               `json:"userId"`
	OnAir      bool                 `json:"onAir"`
	Standing   string               `json:"standing"` // in words
	State      string               `json:"state"`    // idle, requesting, waiting, talking, draining or refused
	Why        string               `json:"why,omitempty"`
	Redis      bool                 `json:"redis"`
	Link       bool                 `json:"link"`
	LinkFault  gateway.LinkFault    `json:"linkFault,omitempty"`
	KeyFault   gateway.KeyFault     `json:"keyFault,omitempty"`
	Squelch    gateway.SquelchStats `json:"squelch"`
	Keying     media.KeyStats       `json:"keying"` // times in nanoseconds
	Radio      gateway.RadioStatus  `json:"radio"`  // as the demo's page shows it
	Rights     bool                 `json:"rights"`
	Holder     string               `json:"holder,omitempty"`
	HolderName string               `json:"holderName,omitempty"`
	Channels   []channelStatus      `json:"channels,omitempty"` // where several are heard
	Emergency  bool                 `json:"emergency"`
	Lamps      hal.Lamps            `json:"lamps"`
	Talked     gateway.TalkStats    `json:"talked"`
	Heard      jitter.Stats         `json:"heard"` // delays in nanoseconds
	Speaker    float64              `json:"speakerDBFS"`
	Microphone micStatus            `json:"microphone"`
	Xruns      uint64               `json:"xruns"`
	RTT        float64              `json:"rttMs"` // 0 while it is not known
	Board      fleet.Board          `json:"board"`
}

func portStatusOf(ctx context.Context, g *gauges) portStatus {
	care, port := g.care, g.port
	s := portStatus{
		RTT: milliseconds(g.link.Quality().RTT), Board: g.board.read(),
		Channel: care.channel(), UserID: care.cfg.Identity.UserID,
		Talked: port.TalkStats(), Heard: port.HeardStats(), Speaker: port.SpeakerLevel().RMS(),
		Microphone: micStatusOf(port), Keying: port.KeyStats(), Squelch: port.SquelchStats(),
		Radio: port.RadioStatus(),
	}
	mic, speaker := g.xruns()
	s.Xruns = mic + speaker
	s.OnAir, s.Standing = care.standing()
	if now := care.status.Load(); now != nil {
		s.State, s.Why = phaseWord(now.Floor.Phase), gateway.Why(now.Floor)
		s.Redis, s.Link, s.LinkFault, s.Rights = now.Redis, now.Floor.Link, now.Link, now.Floor.Rights
		s.KeyFault = now.Key
		s.Holder, s.HolderName, s.Lamps = now.Holder, now.HolderName, now.Lamps
		s.Channels = g.monitors.read(ctx, s.Channel, *now)
		s.Emergency = now.Emergency
	}
	return s
}

// phaseWord is a phase of the floor in JSON and metrics.
func phaseWord(p floor.Phase) string { return strings.ToLower(p.String()) }
