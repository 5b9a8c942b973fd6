package devices

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// redisUserPrefix begins the names of Redis users that are made here; others are left
// alone.
const redisUserPrefix = "port-"

// Rule is what the Redis user of a port may do: what talkgate does for it, on its own
// keys. docs/redis.md shows it.
func Rule(user, passwordHash string, channels []string) []string {
	rule := strings.Fields("on #" + passwordHash + " resetchannels resetkeys -@all" +
		" +ping +hello +select +script|load +time +subscribe +unsubscribe +publish +get +set +hset +del +pexpire +pttl +zscore" +
		" +exists +sismember +smembers +hget +hmget +lpush +ltrim +expire")
	add := func(words string) {
		rule = append(rule, strings.Fields(strings.ReplaceAll(words, "USER", user))...)
	}
	each := func(words string) (all string) {
		for _, channel := range channels {
			all += " " + strings.ReplaceAll(words, "CHANNEL", channel)
		}
		return all
	}
	selector := func(words string) {
		rule = append(rule, "("+strings.Join(strings.Fields(strings.ReplaceAll(words, "USER", user)), " ")+")")
	}
	const lock, rights = "~channel:CHANNEL:speaker ~talkgate:epoch:{channel:CHANNEL:speaker}", " ~u.USER.g ~security:banned ~security:ban:USER ~talkgate:talked:USER"
	add(each("%RW~channel:CHANNEL:speaker %RW~talkgate:epoch:{channel:CHANNEL:speaker}"))
	add("%R~u.USER.g %R~security:banned %R~security:ban:USER %R~channel:events %RW~audit:log %W~audit:actor:USER" +
		" ~talkgate:fleet:report:{USER} ~talkgate:fleet:beat:{USER}")
	add(each("&channel:CHANNEL:events"))
	add("&vp:membership_updates &talkgate:rights:USER &talkgate:ask:USER &talkgate:answer:*" +
		" %R~talkgate:guard:* %R~talkgate:fleet:{config}:desired %R~talkgate:fleet:{config}:settled &talkgate:fleet:reports &talkgate:fleet:changed:*")
	selector("+evalsha +eval" + each(lock) + rights)
	selector("+evalsha +eval ~talkgate:fleet:report:{USER} ~talkgate:fleet:beat:{USER}")
	selector("+evalsha +eval" + each(lock+" ~talkgate:queue:{channel:CHANNEL:speaker}*") + rights)
	selector("+zadd +zrem +zscore +zrange +zrangebyscore +zrank +pexpire" + each("~talkgate:queue:{channel:CHANNEL:speaker}*"))
	selector("+zadd ~audit:actor:USER")
	selector("+sadd ~talkgate:fleet:gateways")
	selector("+evalsha +eval +hget +hset +hincrby ~talkgate:fleet:{config}:rollout:*")
	selector("+evalsha +eval +hgetall +hset +hdel +pexpire ~talkgate:talked:USER")
	return rule
}

// emergencyRule is what a port with an emergency button may do besides.
func emergencyRule(user string) []string {
	return []string{
		"%RW~channel:*:speaker", "%RW~talkgate:epoch:*", "&channel:*:events", "(+hgetall ~channel:events)",
		strings.ReplaceAll("(+evalsha +eval ~channel:*:speaker ~talkgate:epoch:* ~u.USER.g ~security:banned ~security:ban:USER)", "USER", user),
	}
}

// ErrUsers says that a Redis user may not be changed.
var ErrUsers = errors.New("this hub may not make Redis users: give its own the commands +acl|setuser +acl|deluser +acl|users +acl|save (docs/join.md)")

// SetUser makes a device's Redis user, or makes it anew as it ought to be.
func (s *Store) SetUser(ctx context.Context, d Device) error {
	rule := append([]string{"reset"}, Rule(d.UserID, d.PasswordHash, d.Channels)...)
	if d.Role == "DISPATCH" {
		rule = append(rule, emergencyRule(d.UserID)...)
	}
	return s.onMasters(ctx, func(ctx context.Context, node goredis.Cmdable) error {
		args := []any{"ACL", "SETUSER", d.RedisUser()}
		for _, word := range rule {
			args = append(args, word)
		}
		return node.(interface {
			Do(context.Context, ...any) *goredis.Cmd
		}).Do(ctx, args...).Err()
	})
}

// deleteUser removes a device's Redis user. Redis ends its connections.
func (s *Store) deleteUser(ctx context.Context, d Device) error {
	return s.onMasters(ctx, func(ctx context.Context, node goredis.Cmdable) error {
		return node.ACLDelUser(ctx, d.RedisUser()).Err()
	})
}

// onMasters runs f on each server that does not copy from another: access rules are not
// replicated. What they are now is kept over a restart where Redis has a file for it.
func (s *Store) onMasters(ctx context.Context, f func(context.Context, goredis.Cmdable) error) error {
	do := func(ctx context.Context, node goredis.Cmdable) error {
		err := f(ctx, node)
		if goredis.HasErrorPrefix(err, "NOPERM") {
			return fmt.Errorf("%w: %w", ErrUsers, err)
		}
		if err != nil {
			return fmt.Errorf("redis user: %w", err)
		}
		_ = node.(interface {
			Do(context.Context, ...any) *goredis.Cmd
		}).Do(ctx, "ACL", "SAVE").Err() // without a file, Reconcile makes them again
		return nil
	}
	if cluster, ok := s.rdb.(*goredis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return do(ctx, node) })
	}
	return do(ctx, s.rdb)
}

// Reconcile makes Redis users that are missing, as after a restart of a Redis that does not
// keep them, and removes those of revoked devices.
func (s *Store) Reconcile(ctx context.Context, all []Device) error {
	if len(all) == 0 {
		return nil
	}
	names, err := s.rdb.Do(ctx, "ACL", "USERS").StringSlice()
	if err != nil {
		return fmt.Errorf("redis users: %w", err)
	}
	for _, d := range all {
		switch has := slices.Contains(names, d.RedisUser()); {
		case has && d.Revoked():
			err = errors.Join(err, s.deleteUser(ctx, d))
		case !has && !d.Revoked():
			err = errors.Join(err, s.SetUser(ctx, d))
		}
	}
	return err
}
