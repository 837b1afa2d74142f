use std::rc::Rc;

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

fn main() {
    is_send::<lockwise::sync::Mutex<Rc<u8>>>();
    is_sync::<lockwise::sync::Mutex<Rc<u8>>>();
}
