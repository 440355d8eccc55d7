using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microsoft.Net.Http.Headers;

namespace Microservices.Gateway;

/// <summary>
/// Serves the console, the page in the browser whose source is in <c>gateway/Console</c>. Its bundle is part of this assembly, so that every replica of a version has the same one, with the same
/// entity tags. The page itself is asked for anew each time; what it refers to has a name that changes with its content.
/// </summary>
internal static class ConsolePages
{
    private const string Prefix = "wwwroot/";
    private const string Index = "index.html";

    /// <summary>
    /// The pages: each is the same document, whose script shows what the path names. There is no route for "any other": a path that is not of the API goes on being a problem.
    /// <c>routes.ts</c> has the same list.
    /// </summary>
    public static readonly string[] Paths = ["/orders", "/orders/{orderId}", "/notifications", "/sessions", "/streams", "/topics", "/topics/{topic}", "/users", "/users/{userId}", "/webhooks", "/webhooks/{endpointId}"];

    // Nothing from elsewhere, nothing inline, no frame around it, and no text that becomes a script but by the template library.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types lit-html";

    /// <summary>Maps the pages and what they refer to. To whoever does not ask for HTML, the root leads to the API's description.</summary>
    public static void MapConsole(this WebApplication app)
    {
        var files = Load();
        foreach (var (name, file) in files.Where(file => file.Key != Index))
            app.MapGet($"/{name}", (HttpContext http) => file.Serve(http, "public, max-age=31536000, immutable")).OpenToAll().ExcludeFromDescription();

        var index = files[Index];
        foreach (var path in Paths)
            app.MapGet(path, (HttpContext http) => ServePage(http, index)).OpenToAll().ExcludeFromDescription();
        app.MapGet("/", (HttpContext http) =>
        {
            http.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
            return WantsHtml(http.Request) ? ServePage(http, index) : TypedResults.Redirect(ApiDescription.PagePath);
        }).OpenToAll().ExcludeFromDescription();
    }

    private static IResult ServePage(HttpContext http, ConsoleFile index)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Referrer-Policy"] = "no-referrer";
        return index.Serve(http, "no-cache");
    }

    // A browser names it when it goes to a page; curl and libraries take anything.
    private static bool WantsHtml(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) && accepted.Any(range => range.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && range.Quality != 0);

    private static Dictionary<string, ConsoleFile> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary(
            name => name[Prefix.Length..],
            name =>
            {
                using var resource = assembly.GetManifestResourceStream(name)!;
                var content = new byte[resource.Length];
                resource.ReadExactly(content);
                return new ConsoleFile(name, content);
            });
    }
}

/// <summary>A file of the console, as it is and compressed.</summary>
internal sealed class ConsoleFile(string name, byte[] content)
{
    private readonly byte[] gzipped = Gzip(content);
    private readonly string tag = Convert.ToHexStringLower(SHA256.HashData(content)[..8]);

    private readonly string contentType = Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"The console has no files '{other}'."),
    };

    /// <summary>Answers with it, or with 304 to whoever has it.</summary>
    public IResult Serve(HttpContext http, string cacheControl)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = cacheControl;
        headers.XContentTypeOptions = "nosniff";
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (!http.Request.GetTypedHeaders().AcceptEncoding.Any(coding => coding.Value == "gzip" && coding.Quality != 0))
            return TypedResults.Bytes(content, contentType, entityTag: new($"\"{tag}\""));
        headers.ContentEncoding = "gzip";
        return TypedResults.Bytes(gzipped, contentType, entityTag: new($"\"{tag}-gzip\""));
    }

    private static byte[] Gzip(byte[] content)
    {
        using var gzipped = new MemoryStream();
        using (var gzip = new GZipStream(gzipped, CompressionLevel.SmallestSize))
            gzip.Write(content);
        return gzipped.ToArray();
    }
}
