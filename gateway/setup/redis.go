package setup

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Redis users of the site, beside those of its boards.
const (
	hubUser      = "hub"
	dispatchUser = "dispatch"
)

// hubRule and dispatchRule are what these users may do, as docs/redis.md has it, and
// boardsRule what both need besides to invite and enroll boards, and to give each its user.
const (
	hubRule = "resetchannels resetkeys -@all +ping +hello +select +script|load +time +subscribe +unsubscribe +publish +get +set +del +pexpire +pttl +zscore +exists +sismember +smembers +hget +hgetall +hmget +lpush +lrange +ltrim +expire %RW~channel:*:speaker %RW~talkgate:epoch:* %R~u.*.g %R~security:banned %R~security:ban:* %R~channel:events %RW~audit:log %W~audit:actor:* &channel:*:events &vp:membership_updates %R~talkgate:guard:* %R~talkgate:fleet:* &talkgate:fleet:reports &talkgate:ask:* &talkgate:answer:* &talkgate:rights:* (+evalsha +eval ~channel:*:speaker ~talkgate:epoch:* ~u.*.g ~security:banned ~security:ban:*) (+zadd ~audit:actor:*) (+sadd +srem ~u.*.g ~g.*.u) (+hset +hget +hdel ~sessions) (+set +del ~session:*) (+sadd +srem ~channel:*:users) (+zadd +zrem +zscore +zremrangebyrank ~talkgate:revoked:*)"

	boardsRule = "+acl|setuser +acl|deluser +acl|users +acl|save +watch +unwatch +multi +exec &talkgate:devices:changed (+hget +hset +hdel +hgetall +watch +set +get +expire ~talkgate:devices:{site}:*)"

	dispatchRule = "resetchannels resetkeys -@all +ping +hello +select +script|load +time +scan +subscribe +unsubscribe +publish +get +del +pttl +zscore +exists +smembers +hget +hgetall +hmget +hset +hdel +multi +exec +lpush +ltrim +expire +zrange +zadd +zrem +zremrangebyrank +sadd +srem %RW~channel:*:speaker ~u.*.g ~g.*.u ~security:* ~channel:events %RW~audit:log %W~audit:actor:* &channel:*:events &vp:membership_updates &talkgate:rights:* (+evalsha +eval ~channel:*:speaker)"
)

// aclFile is the file of Redis' users at the start. Nobody gets in without a password.
func aclFile(hubPassword, dispatchPassword string) []byte {
	user := func(name, password, rule string) string {
		return fmt.Sprintf("user %s on #%x %s", name, sha256.Sum256([]byte(password)), rule)
	}
	return lines("user default off resetchannels resetkeys -@all",
		user(hubUser, hubPassword, hubRule+" "+boardsRule), user(dispatchUser, dispatchPassword, dispatchRule+" "+boardsRule))
}

// redisConfig is the configuration of the site's own Redis, beside whatever other the
// machine has.
func redisConfig(m Machine, server string, port int, shared bool) []byte {
	bind := "127.0.0.1 -::1"
	if shared {
		bind = "* -::*"
	}
	name := "/run/" + server + "-talkgate/" + server + "-server.pid"
	return lines(
		"# Written by talkgate setup: the floor, talk rights and boards of this site.",
		"bind "+bind,
		fmt.Sprint("port ", port),
		"# Every user has a password; the default user is off.",
		"protected-mode no",
		"aclfile "+m.Path(dataDir(server)+"/users.acl"),
		"dir "+m.Path(dataDir(server)),
		"pidfile "+m.Path(name),
		"# Rights and boards survive a power cut; a lock has a second or three to live.",
		"appendonly yes",
		"appendfsync everysec",
		`save ""`,
		"# A lock is never thrown away to make room.",
		"maxmemory 64mb",
		"maxmemory-policy noeviction",
		"loglevel notice",
		`logfile ""`,
	)
}

func dataDir(server string) string { return "/var/lib/" + server + "/talkgate" }

func redisUnit(server string) string { return server + "-server@talkgate.service" }

func redisConfigFile(server string) string { return "/etc/" + server + "/" + server + "-talkgate.conf" }

// noServer says what to do where no Redis is installed.
func noServer() error {
	return fmt.Errorf("Redis is not installed: apt install redis-server (Debian 13 and later: valkey-server), then run setup again") //nolint:staticcheck // a name
}

// words joins what is not empty.
func words(all ...string) string {
	var some []string
	for _, w := range all {
		if w != "" {
			some = append(some, w)
		}
	}
	return strings.Join(some, " ")
}
