//! What a plan of steps names: the configuration's own functions and locks.

use crate::call::{Call, Function};
use crate::object::Item;
use crate::read;

pub(super) const FUNCTION: Function = Function {
    name: "_function",
    parameters: &["id"],
    positional: 1,
    any_name: false,
    run: function,
};

pub(super) const LOCK: Function = Function {
    name: "_lock",
    parameters: &["name"],
    positional: 1,
    any_name: false,
    run: lock,
};

fn function(call: &mut Call<'_, '_>) -> Option<Item> {
    let id = call.required("id", read::string);
    let program = &call.session().program;
    let function = program.function(&id).map(|it| it.of_program(program));
    if function.is_none() {
        call.mistake("id", &format!("there is no function {id}"), None);
    }
    function.map(Item::Function)
}

fn lock(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::string);
    let lock = call.session().program.lock(&name);
    if lock.is_none() {
        call.mistake("name", &format!("there is no lock '{name}'"), None);
    }
    lock.map(|it| Item::Lock(Box::new(it)))
}
