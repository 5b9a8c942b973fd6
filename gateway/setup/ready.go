package setup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/talkgate/talkgate/gateway/enroll"
	"github.com/talkgate/talkgate/gateway/status"
	"github.com/talkgate/talkgate/state/redis/devices"
)

// redisReady waits until the site's Redis answers.
func (p *Plan) redisReady(ctx context.Context, m Machine) error {
	return until(ctx, readyTime, "Redis does not answer", func(ctx context.Context) error {
		if !exists(m, hubRedisFile) {
			return errors.New("the hub's password is not there yet")
		}
		return p.site(ctx, m, func(context.Context, *devices.Store) error { return nil })
	})
}

// authority is the certificate of the hub's own authority.
func (p *Plan) authority(m Machine) ([]byte, error) {
	return os.ReadFile(m.Path(hubState + "/ca/ca.pem"))
}

// hubReady waits until the hub answers over TLS, with a certificate of its own authority.
func (p *Plan) hubReady(ctx context.Context, m Machine) error {
	return until(ctx, readyTime, "the hub does not answer", func(ctx context.Context) error {
		ca, err := p.authority(m)
		if err != nil {
			return err
		}
		client, err := enroll.NewClient(string(ca))
		if err != nil {
			return err
		}
		defer client.CloseIdleConnections()
		return get(ctx, client, p.hubURL()+"/healthz", nil)
	})
}

// onAir waits until the port says that it is on air.
func (p *Plan) onAir(ctx context.Context) error {
	return until(ctx, readyTime, "the port is not on air", func(ctx context.Context) error {
		var s status.Port
		if err := get(ctx, http.DefaultClient, "http://"+p.answers.Status+"/status", &s); err != nil {
			return err
		}
		if s.UserID != p.answers.User {
			return fmt.Errorf("%s is the status of %s, another port: choose another address (--status)", p.answers.Status, s.UserID)
		}
		if s.OnAir {
			return nil
		}
		all := []string{s.Summary}
		for _, f := range s.Faults {
			all = append(all, f.Check+": "+f.Found+"; "+f.Do)
		}
		return errors.New(strings.Join(all, "\n  "))
	})
}

func get(ctx context.Context, client *http.Client, url string, into any) error {
	const longest = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(http.MaxBytesReader(nil, answer.Body, 1<<20)).Decode(into)
}
