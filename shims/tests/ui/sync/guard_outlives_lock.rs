fn main() {
    let held;
    {
        let lock = lockwise::sync::Mutex::new(1);
        held = lock.lock().unwrap();
    }
    drop(held);
}
