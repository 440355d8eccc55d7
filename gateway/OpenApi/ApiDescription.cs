using Microservices.Gateway.Bff;
using Microservices.Hosting.Auth;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Microservices.Gateway.OpenApi;

/// <summary>OpenAPI 3.1 at <c>/openapi/v1.json</c>, and a page to read and try it at <c>/docs</c>, which needs nothing from outside.</summary>
internal static class ApiDescription
{
    private const string Document = "v1";
    private const string DocumentPath = "/openapi/{documentName}.json";

    /// <summary>Where the page is.</summary>
    public const string PagePath = "/docs";

    private const string BearerScheme = "bearer";
    private const string SessionScheme = "session";

    private const string Title = "Microservices";

    private const string Description = """
        Users place orders, and are told what becomes of them. An overview is a user together with the latest orders; it is answered even when the orders
        cannot be had.

        - **Deadlines.** The header `Request-Timeout` says in how many seconds an answer must be there, and bounds everything that is done for it.
        - **Errors** are `application/problem+json` (RFC 9457). `type` leads to an explanation, `reason` is a constant for programs, `errors` names every
          field that is wrong, and `traceId` finds the request in traces and logs.
        - **Repeats.** A command with an `Idempotency-Key` is done once, however often it is sent: a repeat gets the same answer.
        - **Concurrent changes.** Resources have a `version`. A change states the one that it is based on, and is refused when there is a later one.
        - **Who asks** is said by an access token: `Authorization: Bearer ...`. You may ask for what is your own; an operator may ask for everybody's. What is
          another user's is not found, like what does not exist.
        - **Browsers** may have a session instead: `/bff/login?returnUrl=/path` logs in, and from then on the cookie says who asks. It counts where there is no header
          `Authorization`, for requests of the gateway's own pages; what changes something needs the header `X-CSRF: 1`.
        - **Lists** come in pages: `nextPageToken` of one is `pageToken` of the next.
        """;

    // By their names, which the routes give.
    private static readonly (string Name, string Description)[] Tags =
    [
        ("Users", "People who place orders."),
        ("Orders", "From placed to delivered, or cancelled."),
        ("Overview", "A user together with the latest orders, for one user or for many at once."),
        ("Notifications", "What users are told of their orders, and whether they have read it."),
        ("Events", "What happens to a user's orders and notifications, as it happens."),
        ("Webhooks", "The same and more, sent to the addresses of whoever wants it, each event until it has arrived; and what others send here."),
        ("Jobs", "What is too heavy for the one who asks for it: done by a process of its own, whatever becomes of the caller; once, or again and again."),
        ("Flows", "Work of many steps that may take days: what each step has come to is kept, and the flow goes on from there."),
        ("Operations", "How the suite is doing, for operators."),
        ("Sessions", "Logins of browsers, which begin at `/bff/login`."),
    ];

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
                Title = Title,
                Version = Document,
                Description = Description,
            };
            document.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[BearerScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "An access token of the authority. Each operation says which scopes it needs.",
            };
            document.Components.SecuritySchemes[SessionScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = SessionCookie.Name,
                Description = "The session of a browser that has logged in at `/bff/login`.",
            };
            // Relative: right by whatever name and port the caller knows the gateway.
            document.Servers = [new OpenApiServer { Url = "/" }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            // What the methods state that the route stands for.
            var policies = context.Description.ActionDescriptor.EndpointMetadata.OfType<MethodAccess>().Select(access => access.Policy).ToList();
            operation.Security = [.. from scheme in (string[])[BearerScheme, SessionScheme] select new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [] }];
            operation.Description += $"\n\nFor {(policies.All(policy => policy.Owner.Length > 0) ? "the user whose it is, and " : "")}operators; scopes: {string.Join(", ", policies.SelectMany(policy => policy.Scopes).Distinct().Select(scope => $"`{scope}`"))}.";
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer<SchemaDescription>();
        options.AddDocumentTransformer<SchemaDescription>();
    });

    public static void MapApiDescription(this WebApplication app)
    {
        // Of any other name it would say so in plain text.
        app.MapOpenApi($"/openapi/{{documentName:regex(^{Document}$)}}.json").OpenToAll();
        app.MapScalarApiReference(PagePath, options =>
        {
            options.Title = Title;
            options.OpenApiRoutePattern = DocumentPath;
            options.DefaultFonts = false;
            // The page shows this API, and offers nothing of its vendor's.
            options.HideDeveloperTools().HideClientButton().DisableAgent().DisableMcp().DisableTelemetry();
        }).OpenToAll().AddEndpointFilter(async (context, next) =>
        {
            context.HttpContext.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            return await next(context);
        });
    }
}
