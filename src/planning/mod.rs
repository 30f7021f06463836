//! The models that decide an activity, forward and inverse.
