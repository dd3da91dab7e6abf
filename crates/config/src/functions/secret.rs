//! `secret(…)`, and where secrets come from: `secrets_from_files(…)`, `secrets_from_env(…)`, `secrets_from_vault(…)`.

use crate::call::{Call, Function};
use crate::model::{SecretProvider, TokenReference, Vault, VaultLogin};
use crate::object::Item;
use crate::read;
use crate::text::Text;

pub(super) const SECRET: Function = Function {
    name: "secret",
    parameters: &["name"],
    positional: 1,
    any_name: false,
    run: secret,
};

pub(super) const SECRETS_FROM_FILES: Function = Function {
    name: "secrets_from_files",
    parameters: &["folder", "suffix", "strip"],
    positional: 1,
    any_name: false,
    run: from_files,
};

pub(super) const SECRETS_FROM_ENV: Function = Function {
    name: "secrets_from_env",
    parameters: &["prefix"],
    positional: 1,
    any_name: false,
    run: from_env,
};

pub(super) const SECRETS_FROM_VAULT: Function = Function {
    name: "secrets_from_vault",
    parameters: &[
        "url",
        "mount",
        "path",
        "version",
        "token_file",
        "token_env",
        "role_id",
        "secret_id_file",
        "role_mount",
        "ca_file",
    ],
    positional: 1,
    any_name: false,
    run: from_vault,
};

fn secret(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::secret_name);
    call.use_secret();
    Some(Item::Text(Text::secret(name)))
}

fn from_files(call: &mut Call<'_, '_>) -> Option<Item> {
    let suffix = call.or("suffix", read::string, String::new());
    let strip = call.or("strip", read::boolean, true);
    let (folder, files) = (&call.session().folder, call.session().files);
    let folder = call.required("folder", |value| {
        read::secret_folder(value, folder, &suffix, files)
    });
    provide(
        call,
        SecretProvider::Files {
            folder,
            suffix,
            strip,
        },
    )
}

fn from_env(call: &mut Call<'_, '_>) -> Option<Item> {
    let prefix = call.required("prefix", read::variable);
    provide(call, SecretProvider::Env { prefix })
}

fn from_vault(call: &mut Call<'_, '_>) -> Option<Item> {
    let folder = &call.session().folder;
    let url = call.required("url", read::vault_url);
    let mount = call.or("mount", read::vault_path, "secret".to_owned());
    let path = call.or("path", read::vault_path, String::new());
    let version = call.or("version", version, 2);
    let ca_file = call.optional("ca_file", |value| Ok(folder.join(read::text(value)?)));
    let login = login(call);
    if mount.is_empty() {
        call.mistake("mount", "'mount' must not be empty", None);
    }
    let vault = Vault {
        url,
        mount,
        path,
        version,
        login: login?,
        ca_file,
    };
    provide(call, SecretProvider::Vault(vault))
}

/// How the master shows who it is: by a token, or by an AppRole.
fn login(call: &mut Call<'_, '_>) -> Option<VaultLogin> {
    const WAYS: [&str; 3] = ["token_file", "token_env", "role_id"];
    let (folder, files) = (&call.session().folder, call.session().files);
    let of_file = call.optional("token_file", |value| read::token_file(value, folder, files));
    let of_variable = call.optional("token_env", read::variable);
    let role_id = call.optional("role_id", read::name(200));
    let secret_id_file = call.optional("secret_id_file", |value| read::token_file(value, folder, files));
    let mount = call.or("role_mount", read::vault_path, "approle".to_owned());
    let given: Vec<&str> = WAYS.into_iter().filter(|it| call.has(it)).collect();
    if let [first, second, ..] = given.as_slice() {
        let message = format!("'{first}' and '{second}' are both given");
        call.mistake(second, &message, Some("remove one".to_owned()));
    }
    if given.is_empty() && call.is_whole() {
        let help = "add token_file = \"…\", a file beside the configuration, token_env = \"…\", a variable of the \
                    master's environment, or role_id = \"…\" of an AppRole";
        call.mistake("token_file", "'token_file' is missing", Some(help.to_owned()));
    }
    for (argument, needed) in [
        ("role_id", "secret_id_file"),
        ("secret_id_file", "role_id"),
        ("role_mount", "role_id"),
    ] {
        if call.has(argument) && !call.has(needed) {
            let help = Some(format!("add {needed} = \"…\""));
            call.mistake(argument, &format!("'{argument}' needs '{needed}'"), help);
        }
    }
    if let Some(role_id) = role_id {
        return Some(VaultLogin::AppRole {
            role_id,
            secret_id_file: secret_id_file?,
            mount,
        });
    }
    let token = of_file.map(TokenReference::File);
    let token = token.or(of_variable.map(TokenReference::Variable))?;
    Some(VaultLogin::Token(token))
}

fn version(value: starlark::values::Value<'_>) -> read::Reading<u8> {
    match read::integer(value)? {
        1 => Ok(1),
        2 => Ok(2),
        _ => read::wrong("must be 1 or 2, the version of Vault's KV engine", None),
    }
}

fn provide(call: &Call<'_, '_>, provider: SecretProvider) -> Option<Item> {
    call.session()
        .configure(|config| config.secret_providers.push(provider));
    Some(Item::Other("a provider of secrets"))
}
