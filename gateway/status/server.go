package status

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

	"github.com/talkgate/talkgate/gateway/hub/web"
	"github.com/talkgate/talkgate/state/floor"
)

// statusTime bounds a request, and the end of the server.
const statusTime = 5 * time.Second

// Server tells this machine, and no other, how its port does: / for people,
// /status for programs, /metrics for Prometheus. Nothing is changed by it.
type Server struct {
	listener net.Listener
	http     *http.Server
	log      *slog.Logger
}

// Listen opens address, which is host:port, to show what source tells.
func Listen(address string, source Source, log *slog.Logger) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("status.listen: %q cannot be served on, free it or choose another: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		source.Metrics().ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		_ = json.NewEncoder(w).Encode(source.Port(r.Context())) // who has gone does not hear it
	})
	mux.Handle("/", web.Port())
	log.Info("status is served", "address", l.Addr().String())
	return &Server{listener: l, log: log, http: &http.Server{
		Handler: mux, ReadTimeout: statusTime, WriteTimeout: statusTime, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}, nil
}

// Run serves until ctx ends. A port goes on without its status.
func (s *Server) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() }) // nobody waits for the last answer
	defer stop()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		s.log.Warn("status is not served any more", "err", err)
	}
}

// phaseWord is a phase of the floor in JSON and metrics.
func phaseWord(p floor.Phase) string { return strings.ToLower(p.String()) }
