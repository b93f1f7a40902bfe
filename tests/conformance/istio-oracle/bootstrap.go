package main

import "encoding/json"

// object is a JSON object.
type object = map[string]any

// bootstrapJSON is the part of the istio-proxy bootstrap that a stock Envoy can load: same
// node, runtime flags and ADS set-up; no telemetry, workload discovery or Wasm.
func bootstrapJSON(xdsPort int, dir string) []byte {
	ads := object{"ads": object{}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
	b, _ := json.MarshalIndent(object{
		"node": object{
			"id":      "router~" + gatewayIP + "~" + gatewayPod + "." + gatewayNS + "~" + gatewayNS + ".svc.cluster.local",
			"cluster": "istio-ingressgateway." + gatewayNS,
			"metadata": object{
				"CLUSTER_ID": clusterID, "NAMESPACE": gatewayNS, "NAME": gatewayPod, "SERVICE_ACCOUNT": gatewaySA,
				"ISTIO_VERSION": istioVersion, "MESH_ID": "cluster.local", "WORKLOAD_NAME": "istio-ingressgateway",
				"INSTANCE_IPS": gatewayIP, "LABELS": object{"app": "istio-ingressgateway", "istio": "ingressgateway"},
			},
		},
		"layered_runtime": object{"layers": []any{
			object{"name": "global config", "static_layer": object{ // pkg/bootstrap extractRuntimeFlags
				"re2.max_program_size.error_level":                               "32768",
				"envoy.reloadable_features.http_reject_path_with_fragment":       false,
				"envoy.reloadable_features.fixed_heap_use_allocated":             true,
				"envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update": false,
			}},
			object{"name": "admin", "admin_layer": object{}},
		}},
		"bootstrap_extensions": []any{object{"name": "envoy.bootstrap.internal_listener", "typed_config": object{
			"@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener", "buffer_size_kb": 64,
		}}},
		"admin": object{"address": tcpAddress(0)}, // it tells the port that it got, see startEnvoy,
		"dynamic_resources": object{
			"lds_config": ads, "cds_config": ads,
			"ads_config": object{
				"api_type": "DELTA_GRPC", "transport_api_version": "V3", "set_node_on_first_message_only": true,
				"grpc_services": []any{object{"envoy_grpc": object{"cluster_name": "xds-grpc"}}},
			},
		},
		"static_resources": object{"clusters": []any{
			grpcCluster("xds-grpc", tcpAddress(xdsPort)),
			grpcCluster("sds-grpc", object{"pipe": object{"path": dir + "/var/run/secrets/workload-spiffe-uds/socket"}}),
		}},
	}, "", " ")
	return b
}

func tcpAddress(port int) object {
	return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
}

// grpcCluster is a static HTTP/2 cluster with one endpoint.
func grpcCluster(name string, address object) object {
	const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
	return object{
		"name": name, "type": "STATIC", "connect_timeout": "1s",
		"typed_extension_protocol_options": object{options: object{
			"@type":                "type.googleapis.com/" + options,
			"explicit_http_config": object{"http2_protocol_options": object{}},
		}},
		"load_assignment": object{"cluster_name": name, "endpoints": []any{object{
			"lb_endpoints": []any{object{"endpoint": object{"address": address}}},
		}}},
	}
}
