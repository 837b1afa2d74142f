use lockwise::sync::RwLockWriteGuard;

fn shorten<'a>(guard: RwLockWriteGuard<'a, &'static u8>) -> RwLockWriteGuard<'a, &'a u8> {
    guard
}

fn main() {
    let lock = lockwise::sync::RwLock::new(&1);
    shorten(lock.write().unwrap());
}
