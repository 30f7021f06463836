"""The models that decide an activity, forward (activity to doses) and inverse (dose or limit to activity)."""
