"""What holds for every test: a slow machine is no mistake of what is tested."""

from hypothesis import HealthCheck, settings

# Hypothesis' own limits are of time: 200 ms an example, a second for the first inputs. Where CI=true it lifts them.
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
