// Package ext stands for the module of the same name, which the module proxy does not serve: the types are empty in Traefik's open source, too.
// +k8s:deepcopy-gen=package
package ext

// HTTP holds no options.
type HTTP struct{}

// DeepCopyInto copies nothing.
func (in *HTTP) DeepCopyInto(out *HTTP) { *out = *in }

// Router holds no options.
type Router struct{}

// DeepCopyInto copies nothing.
func (in *Router) DeepCopyInto(out *Router) { *out = *in }
