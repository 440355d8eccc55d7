using Microsoft.AspNetCore.Mvc;

namespace Microservices.Identity.Pages;

/// <summary>Where a browser goes on after it has logged in: only to a page here, whatever a link says.</summary>
internal static class ReturnAddress
{
    private const int MaxLength = 4_096;

    /// <summary>The address if it is one of these pages; else that of the account.</summary>
    public static string Of(IUrlHelper url, string? address) =>
        address is { Length: <= MaxLength } && url.IsLocalUrl(address)
            && (address.StartsWith("/connect/authorize?", StringComparison.Ordinal) || address.StartsWith("/connect/verify", StringComparison.Ordinal)
                || address.StartsWith("/connect/logout", StringComparison.Ordinal))
            ? address : "/account";
}
