//! A project that uses `parking_lot` and nothing of lockwise: what is to be found in its tests.
