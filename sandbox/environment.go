// What a client needs to know to use the sandbox.

package sandbox

import "strings"

// Credentials are what a client identifies itself with, and the sandbox to a receiver. They open the sandbox and nothing
// else.
type Credentials struct {
	// DingAPIKey goes into the header api_key.
	DingAPIKey string
	// DingClientID and DingClientSecret are exchanged for a token at the identity provider.
	DingClientID, DingClientSecret string
	// DizleeAPIKey goes into the header apikey.
	DizleeAPIKey string
	// DizleeAuthKey comes in the header authkey of every SMSMO.
	DizleeAuthKey string
	// The names that a merchant gives with every charge. The sandbox takes any; these are for those who have none.
	DizleeAggregatorID, DizleeMerchantID, DizleeProduct, DizleeSubProduct string
}

// Credentials returns what this sandbox accepts and presents.
func (s *Sandbox) Credentials() Credentials {
	return Credentials{
		DingAPIKey:         s.settings.apiKey,
		DingClientID:       s.settings.clientID,
		DingClientSecret:   s.settings.clientSecret,
		DizleeAPIKey:       s.settings.dizleeAPIKey,
		DizleeAuthKey:      s.settings.dizleeAuthKey,
		DizleeAggregatorID: "SandboxAggregator",
		DizleeMerchantID:   "SandboxMerchant",
		DizleeProduct:      "SandboxProduct",
		DizleeSubProduct:   "SandboxSubProduct",
	}
}

// Environment returns NAME=value lines for everything that the command line and the examples read from the
// environment, given the address at which the sandbox is served, such as http://127.0.0.1:8645. DIZLEE_MERCHANT_CODE is
// not among it: a client that has it refuses every id without the prefix, and the sandbox takes any.
func (s *Sandbox) Environment(baseURL string) []string {
	base := strings.TrimSuffix(baseURL, "/")
	c := s.Credentials()
	return []string{
		"DING_API_KEY=" + c.DingAPIKey,
		"DING_CLIENT_ID=" + c.DingClientID,
		"DING_CLIENT_SECRET=" + c.DingClientSecret,
		"DING_TOKEN_URL=" + base + tokenPath,
		"DING_BASE_URL=" + base,
		"DIZLEE_API_KEY=" + c.DizleeAPIKey,
		"DIZLEE_AUTH_KEY=" + c.DizleeAuthKey,
		"DIZLEE_BASE_URL=" + base + dizleeRoot,
		"DIZLEE_AGGREGATOR_ID=" + c.DizleeAggregatorID,
		"DIZLEE_MERCHANT_ID=" + c.DizleeMerchantID,
		"DIZLEE_PRODUCT=" + c.DizleeProduct,
		"DIZLEE_SUB_PRODUCT=" + c.DizleeSubProduct,
	}
}
