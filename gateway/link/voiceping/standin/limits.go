package standin

import (
	"context"
	"time"
)

// within counts in a fixed window, successes too, and says when it ends.
func (s *Server) within(ctx context.Context, key string, limit int, window time.Duration) (left time.Duration, ok bool) {
	s.rdb.SetNX(ctx, key, 0, window)
	n, err := s.rdb.Incr(ctx, key).Result()
	return s.rdb.PTTL(ctx, key).Val(), err == nil && n <= int64(limit)
}

// mayLogIn has the limit of logins, and after the fourth that failed refuses all
// until the failures are forgotten, which none but a success would do sooner.
func (s *Server) mayLogIn(ctx context.Context, host string) (wait time.Duration, ok bool) {
	if left, ok := s.within(ctx, "rl:auth:"+host, s.cfg.Authentications, 15*time.Minute); !ok {
		return left, false
	}
	failed, _ := s.rdb.Get(ctx, "rl:fail:"+host).Int()
	if failed <= 3 {
		return 0, true
	}
	return min(time.Second<<min(failed-4, 5), 30*time.Second), false
}

func (s *Server) loginFailed(ctx context.Context, host string) {
	if s.rdb.Incr(ctx, "rl:fail:"+host).Val() == 1 {
		s.rdb.Expire(ctx, "rl:fail:"+host, 15*time.Minute)
	}
}

// Failures is how many logins failed since the last success.
func (s *Server) Failures() int {
	n, _ := s.rdb.Get(s.ctx, "rl:fail:127.0.0.1").Int()
	return n
}
