package redis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"
)

// scanCount is about how many keys one round trip of AllChannels looks at.
const scanCount = 1000

// AllChannels are the channels that anybody is a member of, that are of an event, or whose
// floor is held, sorted. It looks at the name of every key, in round trips of about a
// thousand: it is for people, not for gateways.
func (c *Client) AllChannels(ctx context.Context) ([]string, error) {
	events, err := c.Events(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for channel := range events {
		all[channel] = true
	}
	for _, key := range []func(channel string) string{keyMembers, keyLock} {
		before, after, _ := strings.Cut(key("*"), "*")
		err := c.eachKey(ctx, before+"*"+after, func(name string) {
			if channel := strings.TrimSuffix(strings.TrimPrefix(name, before), after); channel != "" {
				all[channel] = true
			}
		})
		if err != nil {
			return nil, fmt.Errorf("list channels: %w", err)
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

// eachKey calls fn with the name of each key that matches, of each server of a cluster.
func (c *Client) eachKey(ctx context.Context, match string, fn func(name string)) error {
	scan := func(ctx context.Context, r goredis.Cmdable) error {
		it := r.Scan(ctx, 0, match, scanCount).Iterator()
		for it.Next(ctx) {
			fn(it.Val())
		}
		return it.Err()
	}
	if cluster, is := c.conn.Redis.(*goredis.ClusterClient); is {
		var mu sync.Mutex // servers are asked side by side
		return cluster.ForEachMaster(ctx, func(ctx context.Context, r *goredis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			return scan(ctx, r)
		})
	}
	return scan(ctx, c.conn.Redis)
}
