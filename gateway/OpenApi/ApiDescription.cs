using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Microservices.Gateway.OpenApi;

/// <summary>OpenAPI 3.1 at <c>/openapi/v1.json</c>, and a page to read and try it at <c>/docs</c>, which needs nothing from outside.</summary>
internal static class ApiDescription
{
    private const string Document = "v1";
    private const string DocumentPath = "/openapi/{documentName}.json";
    private const string PagePath = "/docs";

    // Whatever the page's script may want from elsewhere, the browser does not fetch it.
    private const string ContentSecurityPolicy =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:";

    public static void AddApiDescription(this WebApplicationBuilder builder) => builder.Services.AddOpenApi(Document, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Gateway",
                Version = Document,
                Description = "Users, orders, and both at once. Every error is application/problem+json (RFC 9457); every request may state its deadline.",
            };
            // Relative: right by whatever name and port the caller knows the gateway.
            document.Servers = [new OpenApiServer { Url = "/" }];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer<SchemaDescription>();
        options.AddDocumentTransformer<SchemaDescription>();
    });

    public static void MapApiDescription(this WebApplication app)
    {
        // Of any other name it would say so in plain text.
        app.MapOpenApi($"/openapi/{{documentName:regex(^{Document}$)}}.json");
        app.MapScalarApiReference(PagePath, options =>
        {
            options.Title = "Gateway";
            options.OpenApiRoutePattern = DocumentPath;
            options.DefaultFonts = false;
        }).AddEndpointFilter(async (context, next) =>
        {
            context.HttpContext.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            return await next(context);
        });
        app.MapGet("/", () => TypedResults.Redirect(PagePath)).ExcludeFromDescription();
    }
}
