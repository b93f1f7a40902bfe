"""Words that say how ingress-nginx, nginx and Kubernetes behave, and nothing of their users."""

from __future__ import annotations

import re
from functools import cache

WORD = re.compile(r"[^\W\d_]+")

MORE = """
http https grpc grpcs fcgi ws wss tcp udp auto ssl tls proto scheme port host hostname uri url args
arg path query request method remote addr user agent referer origin cookie header headers content
type length encoding upstream status body bytes sent time server name document root binary
forwarded real scheme original proxy protocol ssl client cert verify escaped session id namespace
ingress service nginx istio controller configuration services default backend kube system pod
istio ingressgateway gateway mesh k io app kubernetes component managed by instance part version
true false on off yes no none null any all always never get head post put patch delete options
connect trace lax strict secure httponly samesite max age domain expires error timeout invalid
non idempotent www com org net edu gov local cluster svc localhost html json xml css js text plain
application image get set add remove keep alive upgrade websocket balanced persistent sticky legacy
round robin least conn ewma ip hash subset authorization bearer basic digest realm accept language
charset allow expose credentials origin vary cache control pragma etag modified since range if none
match location retry after transport security include subdomains preload frame deny sameorigin
policy referrer permissions cross opener resource embedder csp x requested with access
clusterip nodeport loadbalancer externalname opaque tls crt key ca auth oauth sub issuer dn success
utf iso gzip br deflate min mod rewrite return if else break last permanent redirect location
k8s ns sa solver istiod pilot proxyv ingressgateway injection enabled disabled networking
security ambient
enableautomtls rootnamespace trustdomain discoveryselectors matchlabels matchexpressions
defaultserviceexportto defaultvirtualserviceexportto defaultdestinationruleexportto
lua string ngx var require local function then end do for in not and or exit say print
secret configmap deployment more clear input output headers extra req msec via powered well known
challenge etc passwd git env svn bak of optional old new high null anull aes ecdhe dhe ecdsa rsa gcm
critical medium low sha chash chashsubset chacha poly prime brainpoolp edh des tlsv sslv
"""


@cache
def known_words() -> frozenset[str]:
    """Return them in small letters: those of annotations, flags, directives, and ``MORE``."""
    from crossplane.analyzer import DIRECTIVES  # type: ignore[import-untyped]

    from nginx2istio.nginx.keys import catalogue

    names = (*catalogue.ANNOTATIONS, *catalogue.CONFIGMAP, *catalogue.FLAGS, *DIRECTIVES)
    words = {word.lower() for name in names for word in WORD.findall(name)}
    return frozenset(words | set(MORE.split()))


KUBERNETES_FIELDS = """
apiVersion kind metadata name namespace labels annotations creationTimestamp spec rules host http
paths path pathType backend service port number defaultBackend ingressClassName tls hosts secretName
resource apiGroup parameters scope controller ports targetPort protocol appProtocol nodePort type
externalName selector sessionAffinity endpoints conditions ready template containers command args
image data binaryData immutable keys certificateNames namespaces complete unseen why text
gateways servers credentialName credentialNames mode workloadSelector matchLabels trafficPolicy
loadBalancer simple consistentHash connectionPool outlierDetection portLevelSettings subsets route
routes destination match uri prefix exact regex rewrite redirect authority directResponse fault
retries timeout headers request response set add remove corsPolicy mirror mirrors delegate exportTo
addresses location resolution workloadEntry configPatches applyTo patch context operation value
listener routeConfiguration vhost portNumber filterChain filter subFilter cluster action provider
from to when source principals ipBlocks remoteIpBlocks notIpBlocks notRemoteIpBlocks methods
notPaths notHosts targetRef targetRefs priority weight withoutHeaders queryParams sourceLabels
sourceNamespace httpsRedirect minProtocolVersion maxProtocolVersion cipherSuites caCertificates
namespaceSelector podSelector policyTypes ingress egress ipBlock cidr except endPort
matchExpressions matchNames operator notNamespaces notPrincipals namespaces serviceAccounts
notServiceAccounts requestPrincipals notRequestPrincipals notIpBlocks notValues mtls portLevelMtls
serviceAccountName hostNetwork initContainers internalTrafficPolicy trafficDistribution strategy
canary stableService canaryService trafficRouting nginx stableIngress stableIngresses ingressRef
targetRef service scaleTargetRef minReplicaCount minReplicas triggers metrics metric object external
pods describedObject groups alert record expr query acme solvers http01 class operation source
serverCertificate privateKey subjectAltNames status defaultEndpoint bind values key
"""
"""Names of fields of the kinds that are read."""


@cache
def known_fields() -> frozenset[str]:
    """Names of fields as they are written."""
    return frozenset(KUBERNETES_FIELDS.split())
