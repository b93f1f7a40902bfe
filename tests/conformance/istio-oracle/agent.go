package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"time"

	istiosec "istio.io/istio/pkg/security"
	agentcache "istio.io/istio/security/pkg/nodeagent/cache"
	agentsds "istio.io/istio/security/pkg/nodeagent/sds"
	pkiutil "istio.io/istio/security/pkg/pki/util"
)

const systemCAPath = "/etc/ssl/certs/ca-certificates.crt"

// startAgentSDS runs pilot-agent's SDS server on its unix socket: it serves the workload
// certificate ("default", "ROOTCA"), without which Envoy does not finish warming any
// cluster of a Kubernetes Service, and the system CA bundle ("file-root:system").
func startAgentSDS() error {
	ca, err := newSelfSignedCA()
	if err != nil {
		return err
	}
	opts := &istiosec.Options{
		CARootPath: systemCAPath, TrustDomain: "cluster.local", WorkloadNamespace: gatewayNS, ServiceAccount: gatewaySA,
		SecretTTL: 24 * time.Hour, SecretRotationGracePeriodRatio: 0.5, ECCSigAlg: string(pkiutil.EcdsaSigAlg),
	}
	st, err := agentcache.NewSecretManagerClient(ca, opts)
	if err != nil {
		return err
	}
	agentsds.NewServer(opts, st, nil)
	return nil
}

// selfSignedCA stands for istiod's certificate authority.
type selfSignedCA struct {
	cert *x509.Certificate
	pem  string
	key  crypto.PrivateKey
}

func newSelfSignedCA() (*selfSignedCA, error) {
	certPEM, keyPEM, err := pkiutil.GenCertKeyFromOptions(pkiutil.CertOptions{
		TTL: 48 * time.Hour, Org: "cluster.local", IsCA: true, IsSelfSigned: true, ECSigAlg: pkiutil.EcdsaSigAlg,
	})
	if err != nil {
		return nil, err
	}
	cert, err := pkiutil.ParsePemEncodedCertificate(certPEM)
	if err != nil {
		return nil, err
	}
	key, err := pkiutil.ParsePemEncodedKey(keyPEM)
	return &selfSignedCA{cert, string(certPEM), key}, err
}

func (c *selfSignedCA) CSRSign(csrPEM []byte, ttl int64) ([]string, error) {
	csr, err := pkiutil.ParsePemEncodedCSR(csrPEM)
	if err != nil {
		return nil, err
	}
	ids := []string{gatewayIdentity}
	der, err := pkiutil.GenCertFromCSR(csr, c.cert, csr.PublicKey, c.key, ids, time.Duration(ttl)*time.Second, false)
	if err != nil {
		return nil, err
	}
	return []string{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), c.pem}, nil
}

func (c *selfSignedCA) GetRootCertBundle() ([]string, error) { return []string{c.pem}, nil }
func (c *selfSignedCA) Close()                               {}
