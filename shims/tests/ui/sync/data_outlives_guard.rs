fn main() {
    let lock = lockwise::sync::Mutex::new(vec![1]);
    let held = lock.lock().unwrap();
    let first = &held[0];
    drop(held);
    println!("{first}");
}
