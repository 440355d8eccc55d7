using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Microservices.Gateway.OpenApi;

/// <summary>
/// Says what C# types do not: what is absent is absent, never null; and a request's required members, which are read as optional
/// so that all that are missing can be named at once.
/// </summary>
internal sealed class SchemaDescription : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        if (schema.Type is { } type && type != JsonSchemaType.Null)
            schema.Type = type & ~JsonSchemaType.Null;

        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.AttributeProvider?.IsDefined(typeof(RequiredAttribute), inherit: false) == true)
                (schema.Required ??= new HashSet<string>()).Add(property.Name);
        }

        return Task.CompletedTask;
    }
}
