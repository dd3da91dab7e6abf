//! What the proto files promise, as text with a line for each thing that somebody may rely on.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};

/// Messages, enums and services, each with its lines: fields, values and methods.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing(pub(crate) BTreeMap<String, Vec<String>>);

impl Listing {
    /// What the files of the package promise.
    pub(crate) fn of(files: &FileDescriptorSet, package: &str) -> Self {
        let mut listing = Self::default();
        for file in files.file.iter().filter(|it| it.package() == package) {
            listing.add_file(file);
        }
        listing
    }

    /// The listing that was written as `text`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut listing = BTreeMap::<_, Vec<_>>::new();
        let mut lines = vec![];
        let known = |line: &&str| !line.is_empty() && !line.starts_with('#');
        for line in text.lines().rev().filter(known) {
            match line.strip_prefix("  ") {
                Some(line) => lines.insert(0, line.to_owned()),
                None => {
                    listing.insert(line.to_owned(), std::mem::take(&mut lines));
                }
            }
        }
        Self(listing)
    }

    fn add_file(&mut self, file: &FileDescriptorProto) {
        for message in &file.message_type {
            self.add_message(file.name(), file.package(), message);
        }
        for it in &file.enum_type {
            self.add_enum(file.name(), file.package(), it);
        }
        for service in &file.service {
            self.add_service(file.name(), file.package(), service);
        }
    }

    fn add_message(&mut self, file: &str, scope: &str, message: &DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        let entries: HashMap<_, _> = message
            .nested_type
            .iter()
            .filter(|it| it.options.as_ref().is_some_and(|it| it.map_entry()))
            .map(|it| (format!(".{name}.{}", it.name()), it))
            .collect();
        let mut fields: Vec<_> = message.field.iter().collect();
        fields.sort_by_key(|it| it.number());
        let lines = fields.into_iter().map(|it| field(message, &entries, it));
        self.0
            .insert(format!("message {name} in {file}"), lines.collect());
        for nested in &message.nested_type {
            if !entries.contains_key(&format!(".{name}.{}", nested.name())) {
                self.add_message(file, &name, nested);
            }
        }
        for nested in &message.enum_type {
            self.add_enum(file, &name, nested);
        }
    }

    fn add_enum(&mut self, file: &str, scope: &str, it: &EnumDescriptorProto) {
        let mut values: Vec<_> = it.value.iter().collect();
        values.sort_by_key(|it| it.number());
        let lines = values
            .into_iter()
            .map(|it| format!("{} {}", it.number(), it.name()));
        self.0
            .insert(format!("enum {scope}.{} in {file}", it.name()), lines.collect());
    }

    fn add_service(&mut self, file: &str, scope: &str, service: &ServiceDescriptorProto) {
        let stream = |is| if is { "stream " } else { "" };
        let lines = service.method.iter().map(|it| {
            format!(
                "{}({}{}) -> {}{}",
                it.name(),
                stream(it.client_streaming()),
                it.input_type().trim_start_matches('.'),
                stream(it.server_streaming()),
                it.output_type().trim_start_matches('.'),
            )
        });
        self.0.insert(
            format!("service {scope}.{} in {file}", service.name()),
            lines.collect(),
        );
    }
}

/// A field's line: number, name, type, and the `oneof` that it is in.
fn field(
    message: &DescriptorProto,
    entries: &HashMap<String, &DescriptorProto>,
    field: &FieldDescriptorProto,
) -> String {
    let label = match (field.label(), field.proto3_optional()) {
        (Label::Repeated, _) if entries.contains_key(field.type_name()) => "",
        (Label::Repeated, _) => "repeated ",
        (_, true) => "optional ",
        _ => "",
    };
    let oneof = match field.oneof_index {
        Some(index) if !field.proto3_optional() => {
            let oneof = message.oneof_decl.get(index as usize);
            format!(" of {}", oneof.expect("the compiler made the index").name())
        }
        _ => String::new(),
    };
    let of_type = type_name(entries, field);
    format!("{} {}: {label}{of_type}{oneof}", field.number(), field.name())
}

fn type_name(entries: &HashMap<String, &DescriptorProto>, field: &FieldDescriptorProto) -> String {
    if let Some(entry) = entries.get(field.type_name()) {
        let parts = entry.field.iter().map(|it| type_name(entries, it));
        return format!("map<{}>", parts.collect::<Vec<_>>().join(", "));
    }
    match field.r#type() {
        Type::Message | Type::Enum | Type::Group => field.type_name().trim_start_matches('.').to_owned(),
        scalar => {
            let name = scalar.as_str_name().trim_start_matches("TYPE_");
            name.to_ascii_lowercase()
        }
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (head, lines)) in self.0.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{head}")?;
            for line in lines {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
