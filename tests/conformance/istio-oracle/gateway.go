package main

// The ingress gateway as the cluster knows it.
const (
	gatewayNS       = "istio-system"
	gatewayPod      = "istio-ingressgateway-0"
	gatewayIP       = "10.255.255.254" // the gateway pod's address in the model; nothing listens on it
	gatewaySA       = "istio-ingressgateway-service-account"
	gatewayIdentity = "spiffe://cluster.local/ns/" + gatewayNS + "/sa/" + gatewaySA
	clusterID       = "Kubernetes"
)

// baseObjects are there before any input; a document of the same kind and name in the
// input replaces one here.
const baseObjects = `
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio-injection: disabled}} # its workloads are no part of the model
---
apiVersion: v1
kind: Namespace
metadata: {name: istio-system}
---
apiVersion: v1
kind: Pod
metadata:
  name: ` + gatewayPod + `
  namespace: ` + gatewayNS + `
  labels: {app: istio-ingressgateway, istio: ingressgateway}
spec: {serviceAccountName: ` + gatewaySA + `, containers: [{name: istio-proxy, image: proxyv2}]}
status:
  phase: Running
  podIP: ` + gatewayIP + `
  podIPs: [{ip: ` + gatewayIP + `}]
  conditions: [{type: Ready, status: "True"}]
---
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: ` + gatewayNS + `
  labels: {app: istio-ingressgateway, istio: ingressgateway}
spec:
  type: LoadBalancer
  clusterIP: 10.96.255.254
  selector: {app: istio-ingressgateway, istio: ingressgateway}
  ports:
  - {name: status-port, port: 15021, targetPort: 15021, protocol: TCP}
  - {name: http2, port: 80, targetPort: 8080, protocol: TCP}
  - {name: https, port: 443, targetPort: 8443, protocol: TCP}
`
