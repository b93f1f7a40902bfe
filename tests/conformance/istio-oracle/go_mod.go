//go:build !april

package main

import configcrd "istio.io/istio/pkg/config/crd"

// istioVersion is what the gateway says of itself; istiod gates some features on it.
const istioVersion = "1.31.0"

func newCRDValidator(file string) (*configcrd.Validator, error) {
	return configcrd.NewValidatorFromFilesWithOptions([]string{file}, configcrd.WithoutCRDValidation())
}
