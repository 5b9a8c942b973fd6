package fleet

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestBadQuestions(t *testing.T) {
	for _, text := range []string{"", "{}", `{"id":"a b","what":"parrot"}`, `{"id":7}`, `{"id":"` + strings.Repeat("x", 3000) + `"}`} {
		if q, err := ParseQuestion(text); !errors.Is(err, ErrBadQuestion) {
			t.Errorf("%.40q: %+v, %v", text, q, err)
		}
	}
	for _, text := range []string{"", "{}", `{"gateway":"north"}`, `{"gateway":"north","error":"a\u001bb"}`, `{"gateway":"a/b","error":"x"}`} {
		if a, err := ParseAnswer(text); !errors.Is(err, ErrBadQuestion) {
			t.Errorf("%.40q: %+v, %v", text, a, err)
		}
	}
}

// FuzzAnswer: what is taken for an answer is short, fit to be shown, and stays what it is.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"gateway":"north","echo":{"delayMs":83.2,"levelDB":-0.3,"sent":165,"heard":160}}`)
	f.Add(`{"gateway":"north","error":"busy"}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = ParseQuestion(text)
		a, err := ParseAnswer(text)
		if err != nil {
			return
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseAnswer(string(b)); err != nil || again.Gateway != a.Gateway || again.Error != a.Error {
			t.Errorf("%+v, then %+v, %v", a, again, err)
		}
	})
}
