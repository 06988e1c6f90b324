// Package contract holds the clients and the sandbox against the specs in api/openapi: every operation is called through
// the client, over HTTP, and what is sent and what is answered must both be valid.
package contract
