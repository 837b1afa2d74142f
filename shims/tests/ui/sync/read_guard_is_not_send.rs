fn is_send<T: Send>() {}

fn main() {
    is_send::<lockwise::sync::RwLockReadGuard<'static, u8>>();
}
