"""The policy pack: rules that Pulumi's engine holds every resource to before it is made (CrossGuard)."""
