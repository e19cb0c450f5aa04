package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// basicUsers knows users by the bcrypt hashes of their passwords.
type basicUsers struct {
	hashes map[string][]byte
	dummy  []byte // the costliest of them: what an unknown user is compared with

	hashing sync.Mutex // one bcrypt at a time: the CPU of PID 1 belongs to its children

	mu    sync.Mutex // guards right
	right map[string]digest
	key   [sha256.Size]byte // of the digests, random
}

// digest stands for a password that was right: bcrypt is slow on purpose, and a
// scraper shows the same one each time.
type digest [sha256.Size]byte

func newBasicUsers(hashes map[string][]byte) *basicUsers {
	b := &basicUsers{hashes: hashes, right: map[string]digest{}}
	_, _ = rand.Read(b.key[:]) // it never fails
	cost := -1
	for _, hash := range hashes {
		if c, err := bcrypt.Cost(hash); err == nil && c > cost {
			b.dummy, cost = hash, c
		}
	}
	return b
}

func (b *basicUsers) digest(password string) (d digest) {
	mac := hmac.New(sha256.New, b.key[:])
	mac.Write([]byte(password))
	copy(d[:], mac.Sum(nil))
	return d
}

func (b *basicUsers) remembers(user, password string) bool {
	given := b.digest(password)
	b.mu.Lock()
	known, ok := b.right[user]
	b.mu.Unlock()
	return hmac.Equal(known[:], given[:]) && ok
}

func (b *basicUsers) check(user, password string) bool {
	if b.remembers(user, password) {
		return true
	}
	hash, known := b.hashes[user]
	if !known {
		hash = b.dummy
	}
	b.hashing.Lock()
	err := bcrypt.CompareHashAndPassword(hash, []byte(password))
	b.hashing.Unlock()
	if err != nil || !known {
		return false
	}
	b.mu.Lock()
	b.right[user] = b.digest(password)
	b.mu.Unlock()
	return true
}
