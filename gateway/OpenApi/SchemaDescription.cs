using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microservices.Gateway.Rest;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Microservices.Gateway.OpenApi;

/// <summary>
/// Says what C# types do not: what is absent is absent, never null; and a request's required members, which are read as optional
/// so that all that are missing can be named at once.
/// </summary>
internal sealed class SchemaDescription : IOpenApiSchemaTransformer, IOpenApiDocumentTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Type is { } type && type != JsonSchemaType.Null)
            schema.Type = type & ~JsonSchemaType.Null;
        var represented = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (represented == typeof(JsonElement))
            (schema.Type, schema.Description) = (JsonSchemaType.Object, schema.Description ?? "What a kind of jobs or flows has as its input or output.");
        if (represented is { IsEnum: true } names)
        {
            schema.Type = JsonSchemaType.String;
            // The summary is found by the type, but not by that which may be absent.
            schema.Description ??= names.GetCustomAttribute<DescriptionAttribute>()?.Description;
            schema.Enum = [.. EnumNames.Of(names).Select(name => JsonValue.Create(name))];
        }

        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.AttributeProvider?.IsDefined(typeof(RequiredAttribute), inherit: false) == true)
                (schema.Required ??= new HashSet<string>()).Add(property.Name);
        }

        return Task.CompletedTask;
    }

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        // A member that may be absent and refers to another schema is "null or that" until here.
        foreach (var schema in (document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>()).Values)
        {
            foreach (var (name, property) in schema.Properties?.ToArray() ?? [])
            {
                if (property.OneOf is [{ Type: JsonSchemaType.Null }, var only])
                    schema.Properties![name] = only;
            }
        }

        return Task.CompletedTask;
    }
}
