using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Bff;

/// <summary>
/// Refuses what pages of other sites make a browser send with its cookie, by what only the browser itself can set: <c>Sec-Fetch-Site</c>, and of older ones <c>Origin</c>. What changes something
/// needs a header besides, which no form can send, and which other sites' scripts may not. A subdomain's page is another site's as well.
/// </summary>
internal static class CrossSite
{
    public const string Header = "X-CSRF";
    public const string HeaderValue = "1";

    private const string FetchSite = "Sec-Fetch-Site";

    /// <summary>Why a request with a cookie is refused; null when it is not.</summary>
    /// <param name="request">The request.</param>
    /// <param name="origin">The gateway's public origin, which a proxy in between may hide.</param>
    public static Status? Refusal(HttpRequest request, string origin)
    {
        var isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!IsSameOrigin(request, origin, isSafe))
            return BffErrors.CrossSite;
        return isSafe || request.Headers[Header] == HeaderValue ? null : BffErrors.HeaderMissing;
    }

    // "none" is what somebody has typed or bookmarked.
    private static bool IsSameOrigin(HttpRequest request, string origin, bool isSafe)
    {
        var (site, sender) = (request.Headers[FetchSite], request.Headers.Origin);
        if (site.Count > 0)
            return site == "same-origin" || (site == "none" && isSafe);
        // No browser sends neither with what another site's script asks for.
        return sender.Count == 0 || sender == origin || (Uri.TryCreate(sender, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value);
    }
}
