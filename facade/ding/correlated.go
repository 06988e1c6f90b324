package ding

import "sync"

// correlated remembers which deferred transfer was sent with which correlation id: all that a notification may have to name it.
type correlated struct {
	mu  sync.Mutex
	ids map[string]TransferID
	// order has the correlation ids, oldest first: what is forgotten next.
	order []string
}

// rememberedSends is how many are remembered.
const rememberedSends = 10_000

// note remembers a transfer, without its TransferRef while Ding has not told that.
func (c *correlated) note(correlationID string, id TransferID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.ids[correlationID]; !known {
		c.order = append(c.order, correlationID)
	}
	c.ids[correlationID] = id
	if len(c.order) > rememberedSends {
		delete(c.ids, c.order[0])
		c.order = c.order[1:]
	}
}

// find returns the transfer that was sent with the correlation id.
func (c *correlated) find(correlationID string) (TransferID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, known := c.ids[correlationID]
	return id, known
}
