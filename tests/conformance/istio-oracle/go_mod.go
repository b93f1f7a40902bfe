//go:build !april

package main

import (
	"istio.io/istio/pilot/pkg/model"
	configcrd "istio.io/istio/pkg/config/crd"
	"istio.io/istio/pkg/util/sets"
)

// istioVersion is what the gateway says of itself; istiod gates some features on it.
const istioVersion = "1.31.0"

func newCRDValidator(file string) (*configcrd.Validator, error) {
	return configcrd.NewValidatorFromFilesWithOptions([]string{file}, configcrd.WithoutCRDValidation())
}

// pushOfAll makes a new push context and sends everything.
func pushOfAll() *model.PushRequest {
	return &model.PushRequest{Forced: true, Reason: model.NewReasonStats(model.DebugTrigger), ConfigsUpdated: sets.Set[model.ConfigKey]{}}
}
