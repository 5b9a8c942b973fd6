package setup

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/talkgate/talkgate/gateway/boards"
	"github.com/talkgate/talkgate/gateway/config"
)

// Names of what setup writes.
const (
	etc          = "/etc/talkgate"
	secretFile   = etc + "/hub.secret"
	hubRedisFile = etc + "/redis.password"
	dispatchFile = etc + "/dispatch.password"
	caCopy       = etc + "/hub-ca.pem"
	hubDefault   = "/etc/default/talkgate-hub"
	hubState     = "/var/lib/talkgate-hub"
	siteFile     = etc + "/site.redis"
	hubUnit      = "talkgate-hub.service"
	forPorts     = "root:talkgate"
	forRoot      = "root:root"
)

// Plan is what setup is about to do.
type Plan struct {
	answers Answers
	survey  Survey
	// changes in the order in which they are made.
	changes []change
	// Reboot says why the machine has to be started anew before the port can be on air.
	Reboot  string
	secrets secrets
}

// secrets are those of the site; they are made once.
type secrets struct {
	hub, hubRedis, dispatch, portRedis string
}

// newPlan lists the changes that the answers ask for.
func newPlan(m Machine, s Survey, a Answers) (*Plan, error) {
	if err := errors.Join(a.checkBoard(s.chips()), a.check()); err != nil {
		return nil, err
	}
	if s.Server == "" {
		return nil, noServer()
	}
	p := &Plan{answers: a, survey: s}
	var errs [4]error
	p.secrets.hub, errs[0] = secret(m, secretFile)
	p.secrets.hubRedis, errs[1] = secret(m, hubRedisFile)
	p.secrets.dispatch, errs[2] = secret(m, dispatchFile)
	p.secrets.portRedis, errs[3] = secret(m, p.portFile("redis"))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if err := p.boot(m); err != nil {
		return nil, err
	}
	if err := p.planSite(m); err != nil {
		return nil, err
	}
	return p, p.planPort(m)
}

// secret reads a secret, or makes one.
func secret(m Machine, name string) (string, error) {
	text, err := os.ReadFile(m.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // it never fails
		return base64.RawURLEncoding.EncodeToString(random), nil
	}
	return strings.TrimSpace(string(text)), err
}

// boot has the device tree load what the HAT needs.
func (p *Plan) boot(m Machine) error {
	card, known := p.answers.card()
	if !known || card.Overlay == "" || p.answers.Board == "sim" {
		return nil
	}
	board, _ := boards.ByName(p.answers.Board)
	for _, name := range board.Config {
		text, err := os.ReadFile(m.Path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		with, err := card.WithOverlay(string(text))
		if err != nil {
			return err
		}
		if with != string(text) {
			p.changes = append(p.changes, file{name: name, what: card.Overlay + ", for the " + card.Title, text: []byte(with), mode: 0o755})
		}
		if !p.there(card) {
			p.Reboot = fmt.Sprintf("%s loads the %s at the next start of the machine", name, card.Title)
		}
		return nil
	}
	if !p.there(card) {
		return fmt.Errorf("the %s is not there, and this board has no config.txt to load it by: load its overlay by hand, then run setup again", card.Title)
	}
	return nil
}

// there reports whether the card is there now.
func (p *Plan) there(card boards.Card) bool {
	for _, c := range p.survey.Cards {
		if known, ok := boards.CardByID(c.ID); ok && known.Name == card.Name {
			return true
		}
	}
	return false
}

func (p *Plan) planSite(m Machine) error {
	server := p.survey.Server
	users := file{name: dataDir(server) + "/users.acl", what: "Redis' users, each with the least rights that do", once: true, mode: 0o640,
		owner: server + ":" + server, text: aclFile(p.secrets.hubRedis, p.secrets.dispatch)}
	redis := file{name: redisConfigFile(server), what: fmt.Sprintf("a Redis of its own, on port %d", p.answers.RedisPort), mode: 0o640,
		owner: server + ":" + server, text: redisConfig(m, server, p.answers.RedisPort, p.answers.Shared)}
	hubSecret := file{name: secretFile, what: "the secret that signs tokens", text: []byte(p.secrets.hub + "\n"), mode: 0o600, owner: forRoot}
	hubRedis := file{name: hubRedisFile, what: "the hub's password for Redis", text: []byte(p.secrets.hubRedis + "\n"), mode: 0o600, owner: forRoot}
	options, err := p.hubOptions(m)
	if err != nil {
		return err
	}
	p.changes = append(p.changes, hubRedis,
		directory{name: dataDir(server), mode: 0o750, owner: server + ":" + server}, users, redis,
		unit{name: redisUnit(server), what: "Redis", because: []change{redis, hubRedis}, ready: p.redisReady},
		hubSecret,
		file{name: siteFile, what: "where the commands of this machine's root find Redis", text: siteText(p.redisURL()), mode: 0o600, owner: forRoot},
		file{name: dispatchFile, what: "the dispatcher's password for Redis", text: []byte(p.secrets.dispatch + "\n"), mode: 0o600, owner: forRoot},
		options,
		unit{name: hubUnit, what: "the hub, at https://" + p.host() + p.answers.Listen, because: []change{hubSecret, hubRedis, options}, ready: p.hubReady},
	)
	return nil
}

func (p *Plan) host() string {
	if p.survey.Host == "" {
		return "localhost"
	}
	return p.survey.Host + ".local"
}

// redisURL is this site's Redis, as seen from this machine.
func (p *Plan) redisURL() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", p.answers.RedisPort) }

// hubURL is this site's hub, as seen from this machine.
func (p *Plan) hubURL() string {
	return "https://127.0.0.1" + p.answers.Listen[strings.LastIndex(p.answers.Listen, ":"):]
}

// hubOptions are the hub's flags, in the file of its service. Other lines of it stay.
func (p *Plan) hubOptions(m Machine) (file, error) {
	const key = "TALKGATE_HUB_OPTIONS="
	listen := p.answers.Listen
	option := key + `"` + words("--listen", listen, "--udp", listen, "--tcp", listen, "--tls-own-ca", m.Path(hubState+"/ca"),
		"--redis", p.redisURL(), "--redis-username", hubUser, "--redis-password-file", m.Path("/run/credentials/"+hubUnit+"/redis-password")) + `"`
	text, err := os.ReadFile(m.Path(hubDefault))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return file{}, err
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); !strings.HasPrefix(line, key) {
			all = append(all, line)
		}
	}
	return file{name: hubDefault, what: "how the hub is reached, and its own certificate authority", mode: 0o644, text: lines(append(all, option)...)}, nil
}

func (p *Plan) portFile(kind string) string { return etc + "/" + p.answers.User + "." + kind }

func (p *Plan) portUnit() string { return "talkgate@" + p.answers.User + ".service" }

func (p *Plan) planPort(m Machine) error {
	text, err := p.configuration()
	if err != nil {
		return err
	}
	configuration := file{name: p.portFile("yaml"), what: "the port's configuration", text: []byte(text), mode: 0o644, owner: forPorts}
	password := file{name: p.portFile("redis"), what: "the port's password for Redis", text: []byte(p.secrets.portRedis + "\n"), mode: 0o640, owner: forPorts}
	authority := file{name: caCopy, what: "the certificate of the hub's own authority", mode: 0o644, owner: forPorts,
		later: func() ([]byte, error) { return p.authority(m) }}
	key := file{name: p.portFile("key"), what: "the board's own key, by which it gets its tokens", once: true, mode: 0o640, owner: forPorts, later: newKey}
	p.changes = append(p.changes, authority, key, password, membership{p}, configuration,
		unit{name: p.portUnit(), what: "the port", because: []change{configuration, password, key, authority}, noWait: true})
	return nil
}

// configuration is the port's.
func (p *Plan) configuration() (string, error) {
	a := p.answers
	c := config.Default()
	c.Version, c.Channel = config.Version, a.Channel
	c.Identity.UserID, c.Identity.UserName = a.User, a.Name
	c.Redis.URL, c.Redis.Username, c.Redis.PasswordFile = config.URL(p.redisURL()), "port-"+a.User, config.File(a.User+".redis")
	c.Link.Kind, c.Link.Hub.URL, c.Link.Hub.CAFile = "hub", config.URL(p.hubURL()), "hub-ca.pem"
	c.Link.Hub.DeviceKeyFile = config.File(a.User + ".key")
	c.Status.Listen = a.Status
	a.Wire(&c)
	return written(p.portFile("yaml"), c)
}

// pending are the changes that are not in force yet.
func pending(ctx context.Context, m Machine, all []change) (some []change, err error) {
	for _, c := range all {
		is, err := c.inForce(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", c, err)
		}
		if !is {
			some = append(some, c)
		}
	}
	return some, nil
}
